// A feed on screen: reads pages, follows circles live, and sends likes and
// deletions, around the pure store.
import type { ViewerApi } from '../api/api'
import type { Tip } from '../api/money-types'
import { asProblem, type Problem } from '../api/problem'
import type { Circle, CircleBrief, CircleEvent, Page, Position, Post } from '../api/types'
import type { Live } from '../live/live.svelte'
import { addNew, addPage, live, remove, resync, reveal } from './feed-store'
import { likeAnswered, likeAsked, likeFailed, likeShown } from './likes'
import { emptyFeed, type FeedPost, type FeedState } from './state'
import type { Thread } from './thread.svelte'

const maxPostsAgain = 100 // of the list, read again when news was missed
const maxWatched = 20 // circles of one feed
const gatherMs = 100 // subscriptions are accepted in bursts; one reading serves them all
const retryMs = 3_000

export type ReadPage = (cursor: string | null) => Promise<Page<Post>>

/** What a feed follows live. */
export interface Source {
  live: Pick<Live, 'watch'>
  /** The one circle of this feed. Without it, the circles of its posts are followed, and all news waits until it is called. */
  circle?: string
  /** The posts of the circle that belong here; all, if it is left out. */
  belongs?: (p: Post) => boolean
}

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
  readonly #tipLists = new Map<string, (tip: Tip) => void>()
  readonly #likesUnderWay = new Set<string>()
  readonly #watches = new Map<string, () => void>() // by circle
  readonly #circles = new Map<string, CircleBrief>() // that were told of: news of posts does not name theirs
  #closed = false
  #turn = 0 // of reading again

  constructor(
    private readonly api: ViewerApi,
    private readonly readPage: ReadPage,
    private readonly source: Source,
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
      this.loaded = true
      const { circle } = this.source
      if (circle === undefined) this.watch(page.items.map((p) => p.circleId))
      else this.watch([circle], page.position)
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
    if (this.#straight && this.waitingCount > 0) this.reveal()
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

  async edit(id: string, text: string): Promise<void> {
    const post = await this.api.editPost(id, text)
    this.state = live(this.state, { type: 'post.updated', post }, { reveal: false })
  }

  /** Shows the viewer's own tip at once. */
  tipped(tip: Tip): void {
    this.state = live(this.state, { type: 'tip.created', tip }, { reveal: false })
  }

  async delete(id: string): Promise<void> {
    await this.api.deletePost(id)
    this.state = remove(this.state, id)
  }

  /** Gives an open list of a post's tips the news of the circle. */
  hearTips(postId: string, hear: (tip: Tip) => void): () => void {
    this.#tipLists.set(postId, hear)
    return () => {
      if (this.#tipLists.get(postId) === hear) this.#tipLists.delete(postId)
    }
  }

  /** Gives a post's open comments the news of the circle. */
  attach(postId: string, thread: Thread): () => void {
    this.#threads.set(postId, thread)
    return () => {
      if (this.#threads.get(postId) === thread) this.#threads.delete(postId)
    }
  }

  /** Reads again what is shown: what the viewer may do with it has changed. */
  again(): void {
    if (this.loaded && !this.#closed) this.#resyncSoon()
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#watches.values()) stop()
    this.#watches.clear()
    this.#turn++
  }

  /** Follows more circles live, within the bound; what is followed already stays as it is. */
  watch(circles: readonly string[], since: Position | null = null): void {
    for (const circle of circles) {
      if (this.#closed || this.#watches.has(circle) || this.#watches.size >= maxWatched) continue
      let joined = false
      const missed = (): void => {
        // A long list would lose its end for the few posts that a newly found circle can have had.
        if (joined || this.state.posts.length <= maxPostsAgain) this.#resyncSoon()
        joined = true
      }
      this.#watches.set(circle, this.source.live.watch(circle, since, { event: (e) => this.#take(e), missed }))
    }
  }

  /** Whether news goes to the screen at once. */
  get #straight(): boolean {
    return this.state.posts.length === 0 || (this.atTop && this.source.circle !== undefined)
  }

  /** One request at a time for a post; what was wanted last is sent last. */
  async #sendLikes(id: string, failed: (cause: unknown) => void): Promise<void> {
    this.#likesUnderWay.add(id)
    try {
      for (let intent = this.state.likes.get(id); intent !== undefined; intent = this.state.likes.get(id)) {
        const answer = await this.api.like(id, intent.wanted)
        this.state = likeAnswered(this.state, id, answer) // the state of now: news came while it was asked
      }
    } catch (cause) {
      this.state = likeFailed(this.state, id)
      failed(cause)
    } finally {
      this.#likesUnderWay.delete(id)
    }
  }

  #take(e: CircleEvent): void {
    if (e.type === 'viewers') this.viewers = e.count
    else if (e.type === 'circle.updated') {
      this.circleNews = e.circle
      this.#circles.set(e.circle.id, { id: e.circle.id, name: e.circle.name })
    } else if (e.type === 'comment.created') this.#threads.get(e.comment.postId)?.created(e.comment)
    else if (e.type === 'comment.deleted') for (const t of this.#threads.values()) t.deleted(e.commentId)
    else if (e.type === 'post.created') this.#takePost(e.post)
    else {
      if (e.type === 'tip.created') this.#tipLists.get(e.tip.postId)?.(e.tip)
      this.state = live(this.state, e, { reveal: this.#straight })
    }
  }

  #takePost(post: Post): void {
    if (this.source.belongs?.(post) === false) return
    this.arrived.add(post.id)
    const named = { ...post, circle: post.circle ?? this.#circles.get(post.circleId) ?? null }
    this.state = addNew(this.state, named, { reveal: this.#straight })
  }

  #resyncSoon(): void {
    const turn = ++this.#turn
    setTimeout(() => { if (turn === this.#turn) void this.#resync(turn, this.state) }, gatherMs)
  }

  /** Reads again as much as is shown, within bounds, and merges it. A later turn ends this one; a failure is tried again. */
  async #resync(turn: number, before: FeedState): Promise<void> {
    const wanted = Math.min(before.posts.length, maxPostsAgain)
    for (const t of this.#threads.values()) t.missed()
    let items: readonly Post[] = []
    let cursor: string | null = null
    try {
      do {
        const page: Page<Post> = await this.readPage(cursor)
        if (turn !== this.#turn) return
        items = [...items, ...page.items]
        cursor = page.nextCursor
      } while (cursor !== null && items.length < wanted)
    } catch {
      setTimeout(() => { if (turn === this.#turn) void this.#resync(turn, before) }, retryMs)
      return
    }
    this.state = resync(this.state, { items, nextCursor: cursor, position: null }, before, { reveal: this.#straight })
  }
}
