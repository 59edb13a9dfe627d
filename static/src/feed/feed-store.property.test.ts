// A circle lives a random life; a client reads pages at any moment, gets the
// log late, doubled, with cuts and readings anew, and must end with the truth.
import { describe, expect, it } from 'vitest'
import type { CircleEvent, Page, Post } from '../api/types'
import { newerFirst } from './merge'
import { addPage, live, resync, reveal } from './feed-store'
import { cutTail, letGo, missingPages, refill } from './holding'
import { emptyFeed, type FeedState, type ReadPost } from './state'
import { counted, dice, pageOf, post } from './testkit'

const pageSize = 5

class World {
  posts: Post[] = [] // newest first
  readonly log: CircleEvent[] = []
  #last = 0
  #edits = 0

  constructor(private readonly roll: (below: number) => number) {}

  step(): void {
    const victim = this.posts[this.roll(Math.max(1, Math.min(this.posts.length, 12)))]
    const kind = this.roll(10)
    if (victim === undefined || kind < 4) this.#create()
    else if (kind < 5) this.#delete(victim)
    else if (kind < 7) this.#edit(victim)
    else this.#count(victim)
  }

  page(cursor: string | null): Page<ReadPost> {
    const older = cursor === null ? this.posts : this.posts.filter((p) => p.id < cursor)
    const items = older.slice(0, pageSize).map((p) => ({ ...p, liked: false, page: cursor }))
    return pageOf(items, older.length > pageSize ? (items.at(-1)?.id ?? null) : null)
  }

  #create(): void {
    const p = post(++this.#last)
    this.posts = [p, ...this.posts]
    this.log.push({ type: 'post.created', post: p })
  }

  #delete(p: Post): void {
    this.posts = this.posts.filter((x) => x.id !== p.id)
    this.log.push({ type: 'post.deleted', postId: p.id })
  }

  #edit(p: Post): void {
    const e = { ...p, text: `edit ${++this.#edits}`, editedAt: new Date(Date.UTC(2027, 0, 1) + this.#edits).toISOString() }
    this.posts = this.posts.map((x) => (x.id === p.id ? e : x))
    this.log.push({ type: 'post.updated', post: e })
  }

  #count(p: Post): void {
    const counts = counted(p.counts.version + 1, { likes: this.roll(100), comments: this.roll(9), tipCount: this.roll(9), tipTotal: this.roll(9999) })
    this.posts = this.posts.map((x) => (x.id === p.id ? { ...x, counts } : x))
    this.log.push({ type: 'counts', posts: [{ id: p.id, ...counts }] })
  }
}

class Client {
  state: FeedState = emptyFeed
  at = 0 // how much of the log it has
  flight: { page: Page<ReadPost>; asked: FeedState } | null = null

  constructor(private readonly world: World, private readonly roll: (below: number) => number) {
    this.at = world.log.length // the position is read before the page
    this.state = addPage(this.state, world.page(null))
  }

  step(): void {
    switch (this.roll(11)) {
      case 0: this.#ask(); break
      case 1: this.#answer(); break
      case 2: this.#cut(); break
      case 3: this.state = reveal(this.state); break
      case 4: this.state = cutTail(this.state, 12, 6); break
      case 5: this.state = letGo(this.state, this.roll(20), 3 + this.roll(20), 8, 2); break
      case 6: this.#refill(); break
      default: this.#deliver()
    }
    this.#check()
  }

  settle(): void {
    this.#answer()
    while (this.at < this.world.log.length) this.#deliver()
    this.state = reveal(this.state)
    if (this.state.tailLost) this.#findTail()
    this.state = reveal(this.state)
    for (let tries = this.state.posts.length; tries > 0 && this.#refill(); tries--);
    expect(this.state.posts.some((p) => p.hollow), 'a post that does not come back').toBe(false)
    while (this.state.nextCursor !== null) { this.#ask(); this.#answer() }
    this.#check()
  }

  #deliver(): void {
    const e = this.world.log[this.at]
    if (e === undefined) return
    this.at++
    const o = { reveal: this.roll(2) === 0 }
    this.state = live(this.state, e, o)
    if (this.roll(4) === 0) this.state = live(this.state, e, o) // once more
  }

  #refill(): boolean {
    const [cursor] = missingPages(this.state, 0, this.state.posts.length)
    if (cursor === undefined) return false
    this.state = refill(this.state, this.world.page(cursor), cursor, this.state)
    return true
  }

  /** The end was let go: everything down to there is read again. */
  #findTail(): void {
    const end = this.state.posts.at(-1)
    let items: readonly ReadPost[] = []
    let cursor: string | null = null
    do {
      const page: Page<ReadPost> = this.world.page(cursor)
      items = [...items, ...page.items]
      cursor = page.nextCursor
    } while (cursor !== null && end !== undefined && newerFirst(end, items.at(-1) as Post) > 0)
    this.state = resync(this.state, pageOf(items, cursor), this.state, { reveal: false })
  }

  #ask(): void {
    const cursor = this.state.tailLost ? null : this.state.nextCursor
    if (this.flight === null && cursor !== null) this.flight = { asked: this.state, page: this.world.page(cursor) }
  }

  #answer(): void {
    if (this.flight !== null) this.state = addPage(this.state, this.flight.page, this.flight.asked)
    this.flight = null
  }

  /** The socket could not recover: everything up to now is skipped and as many pages are read again. */
  #cut(): void {
    this.at = this.world.log.length
    const before = this.state
    let items: readonly ReadPost[] = []
    let cursor: string | null = null
    do {
      const page: Page<ReadPost> = this.world.page(cursor)
      items = [...items, ...page.items]
      cursor = page.nextCursor
    } while (cursor !== null && items.length < before.posts.length + before.waiting.posts.length && this.roll(3) > 0)
    for (let n = this.roll(4); n > 0; n--) { this.world.step(); this.#deliver() } // while it was reading
    this.state = resync(this.state, pageOf(items, cursor), before, { reveal: this.roll(2) === 0 })
  }

  #check(): void {
    const all = [...this.state.waiting.posts, ...this.state.posts]
    expect(new Set(all.map((p) => p.id)).size, 'a post twice').toBe(all.length)
    for (const list of [this.state.posts, this.state.waiting.posts]) {
      expect(list.every((p, i) => i === 0 || newerFirst(list[i - 1] as Post, p) < 0), 'newest first').toBe(true)
    }
    expect(all.some((p) => this.state.deleted.has(p.id)), 'a deleted post').toBe(false)
  }
}

describe('a feed, whatever happens', () => {
  it.each(Array.from({ length: 300 }, (_, seed) => seed))('ends with the truth (seed %i)', (seed) => {
    const roll = dice(seed)
    const world = new World(roll)
    for (let n = roll(30); n > 0; n--) world.step()
    const client = new Client(world, roll)
    for (let n = 0; n < 80; n++) (roll(2) === 0 ? world : client).step()
    client.settle()

    const truth = new Map(world.posts.map((p) => [p.id, p]))
    expect(client.state.posts.filter((p) => !truth.has(p.id)).map((p) => p.id)).toEqual([])
    expect(client.state.posts.map((p) => p.id)).toEqual(world.posts.map((p) => p.id))
    expect(client.state.posts.map((p) => p.text)).toEqual(world.posts.map((p) => p.text))
  })
})
