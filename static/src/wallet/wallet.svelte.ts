// What the one who is signed in has, as it is now. News only says that
// something changed: it is read again, one reading at a time.
import type { Wallet } from '../api/money-types'
import { asProblem, type Problem } from '../api/problem'

const gatherMs = 150 // a tip storm on one's post is many pieces of news

export class WalletState {
  value = $state.raw<Wallet | null>(null)
  problem = $state.raw<Problem | null>(null)
  /** Rises with each piece of news, for what shows more of the wallet. */
  news = $state(0)
  #whose = '' // nobody's
  #reading = false
  #again = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly read: () => Promise<Wallet>) {}

  /** Fen that can be spent; null before it is known. */
  get available(): number | null {
    return this.value === null ? null : this.value.balance - this.value.held
  }

  /** Becomes the wallet of somebody, '' for a guest. */
  belongTo(user: string): void {
    if (user === this.#whose) return
    this.#whose = user
    this.value = null
    this.problem = null
    this.changed()
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#whose === '') return
    this.news++
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.refresh(), gatherMs)
  }

  /** Reads it now; what is asked meanwhile is one more reading at the end. */
  async refresh(): Promise<void> {
    this.#again = true
    if (this.#reading) return
    this.#reading = true
    while (this.#again && this.#whose !== '') {
      this.#again = false
      const whose = this.#whose
      try {
        const value = await this.read()
        if (whose === this.#whose) [this.value, this.problem] = [value, null]
      } catch (cause) {
        if (whose === this.#whose) this.problem = asProblem(cause)
      }
      if (whose !== this.#whose) this.#again = true
    }
    this.#reading = false
  }
}
