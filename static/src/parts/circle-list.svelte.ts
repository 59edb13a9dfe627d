// The list of circles, page after page.
import type { CircleSort, ViewerApi } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import type { Circle } from '../api/types'

export class CircleList {
  items = $state.raw<readonly Circle[]>([])
  loaded = $state(false)
  loading = $state(false)
  problem = $state.raw<Problem | null>(null)
  #cursor: string | null = null

  constructor(private readonly api: ViewerApi, private readonly sort: CircleSort, private readonly tag: string) {}

  get hasMore(): boolean {
    return this.loaded && this.#cursor !== null
  }

  async more(): Promise<void> {
    if (this.loading || (this.loaded && this.#cursor === null)) return
    this.loading = true
    this.problem = null
    try {
      const page = await this.api.circles(this.sort, this.tag, this.#cursor)
      const known = new Set(this.items.map((c) => c.id)) // a circle may have moved down meanwhile
      this.#cursor = page.nextCursor
      this.items = [...this.items, ...page.items.filter((c) => !known.has(c.id))]
      this.loaded = true
    } catch (cause) {
      this.problem = asProblem(cause)
    } finally {
      this.loading = false
    }
  }
}
