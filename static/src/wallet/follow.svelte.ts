// A top-up or withdrawal until it has ended: asked after now and then, and at
// once when there is news of the wallet.
import type { TransferStatus } from '../api/money-types'
import { asProblem, type Problem } from '../api/problem'

const firstPauseMs = 1_500
const longestPauseMs = 15_000

export class Following<T extends { status: TransferStatus }> {
  value = $state.raw<T | null>(null)
  problem = $state.raw<Problem | null>(null)
  #timer: ReturnType<typeof setTimeout> | undefined
  #pause = firstPauseMs
  #asking = false
  #closed = false

  constructor(private readonly read: () => Promise<T>, known: T | null = null) {
    this.value = known
  }

  get ended(): boolean {
    return this.value !== null && this.value.status !== 'pending'
  }

  /** Asks now. A lost answer is no end: it asks again. */
  async ask(): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#asking || this.#closed || this.ended) return
    this.#asking = true
    try {
      this.value = await this.read()
      this.problem = null
    } catch (cause) {
      this.problem = asProblem(cause)
    }
    this.#asking = false
    if (this.#closed || this.ended || this.problem?.temporary === false) return
    this.#timer = setTimeout(() => void this.ask(), this.#pause)
    this.#pause = Math.min(longestPauseMs, this.#pause * 1.4)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }
}
