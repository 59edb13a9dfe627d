// Who runs a circle, page after page.
import type { Member, MembersApi } from '../api/members-api'
import { asProblem, type Problem } from '../api/problem'

const maxPages = 50 // read on for the partners, who come last

export class Members {
  items = $state.raw<readonly Member[]>([])
  loaded = $state(false)
  problem = $state.raw<Problem | null>(null)
  #cursor = $state<string | null>(null)
  #turn = 0

  constructor(private readonly api: Pick<MembersApi, 'members'>, private readonly circle: string) {}

  get hasMore(): boolean {
    return this.#cursor !== null
  }

  /** Reads the first page (again); an answer that comes after a later request is dropped. */
  load(): Promise<void> {
    return this.#read(null)
  }

  async more(): Promise<void> {
    if (this.hasMore) await this.#read(this.#cursor)
  }

  /** Reads all, within bounds. */
  async all(): Promise<void> {
    await this.load()
    for (let pages = 1; this.hasMore && this.problem === null && pages < maxPages; pages++) await this.more()
  }

  close(): void {
    this.#turn++
  }

  async #read(cursor: string | null): Promise<void> {
    const turn = ++this.#turn
    this.problem = null
    try {
      const page = await this.api.members(this.circle, cursor)
      if (turn !== this.#turn) return
      const known = new Set(page.items.map((m) => m.id))
      this.items = cursor === null ? page.items : [...this.items.filter((m) => !known.has(m.id)), ...page.items]
      this.#cursor = page.nextCursor
      this.loaded = true
    } catch (cause) {
      if (turn === this.#turn) this.problem = asProblem(cause)
    }
  }
}
