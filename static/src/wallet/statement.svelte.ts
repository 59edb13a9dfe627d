// One month of a wallet on screen.
import type { StatementPage } from '../api/money-types'
import { asProblem, type Problem } from '../api/problem'
import { addLines, type StatementState } from './statement'

const maxPagesAgain = 5

export class Statement {
  state = $state.raw<StatementState | null>(null)
  loading = $state(false)
  problem = $state.raw<Problem | null>(null)
  #again = false

  constructor(private readonly read: (cursor: string | null) => Promise<StatementPage>) {}

  async more(): Promise<void> {
    if (this.loading || (this.state !== null && this.state.nextCursor === null)) return
    await this.#reading(async () => { this.state = addLines(this.state, await this.read(this.state?.nextCursor ?? null)) })
  }

  /** Reads what is shown anew, and what came since. */
  async renew(): Promise<void> {
    if (this.loading) {
      this.#again = true
      return
    }
    await this.#reading(async () => {
      const wanted = this.state?.lines.length ?? 0
      let now = addLines(null, await this.read(null))
      for (let n = 1; n < maxPagesAgain && now.nextCursor !== null && now.lines.length <= wanted; n++) now = addLines(now, await this.read(now.nextCursor))
      this.state = now
    })
  }

  async #reading(read: () => Promise<void>): Promise<void> {
    this.loading = true
    this.problem = null
    try {
      await read()
    } catch (cause) {
      this.problem = asProblem(cause)
    }
    this.loading = false
    if (this.#again) {
      this.#again = false
      await this.renew()
    }
  }
}
