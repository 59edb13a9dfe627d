// The tips of one post, page after page, and news among them.
import type { Tip } from '../api/money-types'
import { asProblem, type Problem } from '../api/problem'
import type { Page } from '../api/types'

/** Merges tips, the newest first. News goes to everybody: what it hides and we know stays. */
export function mergeTips(known: readonly Tip[], incoming: readonly Tip[]): readonly Tip[] {
  const byId = new Map(known.map((t) => [t.id, t]))
  for (const t of incoming) {
    const before = byId.get(t.id)
    const keeps = before !== undefined && before.from !== null && t.from === null
    byId.set(t.id, keeps ? { ...t, from: before.from, message: before.message } : t)
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0))
}

export class TipPages {
  items = $state.raw<readonly Tip[]>([])
  loaded = $state(false)
  loading = $state(false)
  problem = $state.raw<Problem | null>(null)
  #cursor: string | null = null

  constructor(private readonly read: (cursor: string | null) => Promise<Page<Tip>>) {}

  get hasMore(): boolean {
    return this.loaded && this.#cursor !== null
  }

  async more(): Promise<void> {
    if (this.loading || (this.loaded && this.#cursor === null)) return
    this.loading = true
    this.problem = null
    try {
      const page = await this.read(this.#cursor)
      this.#cursor = page.nextCursor
      this.items = mergeTips(this.items, page.items)
      this.loaded = true
    } catch (cause) {
      this.problem = asProblem(cause)
    }
    this.loading = false
  }

  add(tip: Tip): void {
    if (this.loaded) this.items = mergeTips(this.items, [tip])
  }

  /** Reads the newest ones again. */
  async renew(): Promise<void> {
    try {
      this.items = mergeTips(this.items, (await this.read(null)).items)
    } catch {
      // the next news tries again
    }
  }

  gaveBack(id: string): void {
    this.items = this.items.map((t) => (t.id === id ? { ...t, refunded: t.amount } : t))
  }
}
