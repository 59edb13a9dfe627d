// A feed on screen: reads pages, follows circles live, and sends likes and
// deletions, around the pure store.
import type { ViewerApi } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import type { Circle, CircleEvent, Page, Position, Post } from '../api/types'
import type { Live } from '../live/live.svelte'
import { addNew, addPage, live, remove, resync, reveal } from './feed-store'
import { likeAnswered, likeAsked, likeFailed, likeShown } from './likes'
import { emptyFeed, type FeedPost, type FeedState } from './state'
import type { Thread } from './thread.svelte'

const maxPagesAgain = 5 // of the list, read again after a cut
const retryMs = 3_000

export type ReadPage = (cursor: string | null) => Promise<Page<Post>>

export class Feed {
  state = $state.raw<FeedState>(emptyFeed)
  loading = $state(false)
  loaded = $state(false)
  problem = $state.raw<Problem | null>(null)
  viewers = $state<number | null>(null)
  /** The circle as its channel last told it. */
  circleNews = $state.raw<Circle | null>(null)
  /** Whether the reader sees the top: then news goes straight to the screen. */
  atTop = $state(true)
  /** Posts that came live, to slide in. */
  readonly arrived = new Set<string>()
  readonly #threads = new Map<string, Thread>()
  readonly #likesUnderWay = new Set<string>()
  #stopWatching: (() => void) | null = null
  #turn = 0 // of reading again

  constructor(
    private readonly api: ViewerApi,
    private readonly readPage: ReadPage,
    private readonly socket: Live | null = null,
    private readonly circleId = '',
    /** The posts of the circle that belong here. */
    private readonly belongs: (p: Post) => boolean = () => true,
  ) {}

  get exhausted(): boolean {
    return this.loaded && this.state.nextCursor === null
  }

  get waitingCount(): number {
    return this.state.waiting.posts.length
  }

  /** Reads the first or the next page. Failures stay in `problem` until the next try. */
  async more(): Promise<void> {
    if (this.loading || this.exhausted) return
    this.loading = true
    this.problem = null
    try {
      const page = await this.#nextPage()
      const first = !this.loaded
      this.loaded = true
      if (first) this.#watch(page.position)
    } catch (cause) {
      this.problem = asProblem(cause)
    } finally {
      this.loading = false
    }
  }

  /** Reads a page, and again if the list was read anew meanwhile. */
  async #nextPage(): Promise<Page<Post>> {
    for (;;) {
      const asked = this.state
      const page = await this.readPage(asked.nextCursor)
      const current = asked.generation === this.state.generation
      this.state = addPage(this.state, page, asked)
      if (current || this.state.nextCursor === null) return page
    }
  }

  reveal(): void {
    for (const p of this.state.waiting.posts) this.arrived.add(p.id)
    this.state = reveal(this.state)
  }

  setAtTop(top: boolean): void {
    this.atTop = top
    if (top && this.waitingCount > 0) this.reveal()
  }

  /** Shows the viewer's own new post, whether its publication or this comes first. */
  published(post: Post): void {
    this.arrived.add(post.id)
    this.state = addNew(this.state, post, { reveal: true })
  }

  like(post: FeedPost, wanted: boolean, failed: (cause: unknown) => void): void {
    this.state = likeAsked(this.state, post.id, wanted)
    if (!this.#likesUnderWay.has(post.id)) void this.#sendLikes(post.id, failed)
  }

  shownLike(post: FeedPost): { liked: boolean; likes: number } {
    return likeShown(this.state, post)
  }

  async delete(id: string): Promise<void> {
    await this.api.deletePost(id)
    this.state = remove(this.state, id)
  }

  /** Gives a post's open comments the news of the circle. */
  attach(postId: string, thread: Thread): () => void {
    this.#threads.set(postId, thread)
    return () => {
      if (this.#threads.get(postId) === thread) this.#threads.delete(postId)
    }
  }

  close(): void {
    this.#stopWatching?.()
    this.#stopWatching = null
    this.#turn++
  }

  /** One request at a time for a post; what was wanted last is sent last. */
  async #sendLikes(id: string, failed: (cause: unknown) => void): Promise<void> {
    this.#likesUnderWay.add(id)
    try {
      for (let intent = this.state.likes.get(id); intent !== undefined; intent = this.state.likes.get(id)) {
        this.state = likeAnswered(this.state, id, await this.api.like(id, intent.wanted))
      }
    } catch (cause) {
      this.state = likeFailed(this.state, id)
      failed(cause)
    } finally {
      this.#likesUnderWay.delete(id)
    }
  }

  #watch(since: Position | null): void {
    if (this.socket === null || this.circleId === '' || this.#stopWatching !== null) return
    this.#stopWatching = this.socket.watch(this.circleId, since, {
      event: (e) => this.#take(e),
      missed: () => void this.#resync(),
    })
  }

  #take(e: CircleEvent): void {
    if (e.type === 'viewers') this.viewers = e.count
    else if (e.type === 'circle.updated') this.circleNews = e.circle
    else if (e.type === 'comment.created') this.#threads.get(e.comment.postId)?.created(e.comment)
    else if (e.type === 'comment.deleted') for (const t of this.#threads.values()) t.deleted(e.commentId)
    else if (e.type !== 'post.created' || this.belongs(e.post)) {
      if (e.type === 'post.created') this.arrived.add(e.post.id)
      this.state = live(this.state, e, { reveal: this.atTop })
    }
  }

  /** Reads again as much as is shown, within bounds, and merges it. A later turn ends this one; a failure is tried again. */
  async #resync(turn = ++this.#turn, before = this.state): Promise<void> {
    for (const t of this.#threads.values()) t.missed()
    let items: readonly Post[] = []
    let cursor: string | null = null
    try {
      for (let n = 0; n < maxPagesAgain; n++) {
        const page: Page<Post> = await this.readPage(cursor)
        if (turn !== this.#turn) return
        items = [...items, ...page.items]
        cursor = page.nextCursor
        if (cursor === null || items.length >= before.posts.length) break
      }
    } catch {
      setTimeout(() => { if (turn === this.#turn) void this.#resync(turn, before) }, retryMs)
      return
    }
    this.state = resync(this.state, { items, nextCursor: cursor, position: null }, before, { reveal: this.atTop })
  }
}
