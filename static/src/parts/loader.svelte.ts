// One thing that a screen reads: loading, there, or failed and tried again.
import { asProblem, type Problem } from '../api/problem'

export class Loader<T> {
  value = $state.raw<T | null>(null)
  problem = $state.raw<Problem | null>(null)
  #turn = 0

  constructor(private readonly read: () => Promise<T>) {}

  /** Reads (again); an answer that comes after a later request is dropped. */
  load(): void {
    const turn = ++this.#turn
    this.problem = null
    this.read().then(
      (value) => { if (turn === this.#turn) this.value = value },
      (cause: unknown) => { if (turn === this.#turn) this.problem = asProblem(cause) },
    )
  }

  close(): void {
    this.#turn++
  }
}
