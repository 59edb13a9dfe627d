// A feed on screen: reads pages, follows circles live, and sends likes and
// deletions, around the pure store. News is gathered and merged once a frame,
// so that fifty posts a second cost no more renderings than one.
import { SvelteSet } from 'svelte/reactivity'
import type { ViewerApi } from '../api/api'
import type { Tip } from '../api/money-types'
import { asProblem, type Problem } from '../api/problem'
import type { Circle, CircleBrief, CircleEvent, Comment, Page, Position, Post } from '../api/types'
import type { Live } from '../live/live.svelte'
import type { News, Unsent } from '../outbox/outbox.svelte'
import { addNew, addPage, live, liveAll, remove, resync, reveal } from './feed-store'
import { nextFrame, type Schedule } from './frame'
import { cutTail, letGo, missingPages, refill } from './holding'
import { likeAnswered, likeAsked, likeFailed, likeShown } from './likes'
import { newerFirst } from './merge'
import { emptyFeed, find, type FeedPost, type FeedState, type ReadPost } from './state'
import type { Thread } from './thread.svelte'

const maxPostsAgain = 100 // of the list, read again when news was missed
const maxPostsToTail = 2_000 // read again from the top to find the way on from a lost end
const maxEmptyPages = 5 // in a row, until somebody asks for more
const bigPage = 100 // posts of a page, where many are read
const maxQueued = 1_000 // pieces of news; beyond it they are merged without waiting for a frame
const calmMs = 250 // between two posts that slide in
const maxArrived = 200 // posts that may still slide in
const maxWatched = 20 // circles of one feed
const gatherMs = 100 // subscriptions are accepted in bursts; one reading serves them all
const retryMs = 3_000

/** Reads a page; `limit` is how many posts are wanted, if it is not the usual number. */
export type ReadPage = (cursor: string | null, limit?: number) => Promise<Page<Post>>

/** What a feed follows live. */
export interface Source {
  live: Pick<Live, 'watch'>
  /** The one circle of this feed. Without it, the circles of its posts are followed, and all news waits until it is called. */
  circle?: string
  /** The posts of the circle that belong here; all, if it is left out. */
  belongs?: (p: Post) => boolean
  /** What the viewer did without a network. */
  unsent?: Unsent
  /** Merges what was gathered at the next chance to draw. */
  frame?: Schedule
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
  /** Whether somebody writes in, or goes by keyboard through, what is on screen: then it stays where it is. */
  engaged = false
  /** Posts that are being edited: they stay drawn, wherever the reader goes. */
  readonly edited = new SvelteSet<string>()
  /** Posts whose comments are open, also while they are not drawn. */
  readonly talking = new Set<string>()
  readonly #arrived = new Set<string>()
  #lastArrival = -calmMs
  readonly #threads = new Map<string, Thread>()
  readonly #tipLists = new Map<string, (tip: Tip) => void>()
  readonly #likesUnderWay = new Set<string>()
  readonly #watches = new Map<string, () => void>() // by circle
  readonly #circles = new Map<string, CircleBrief>() // that were told of: news of posts does not name theirs
  readonly #refilling = new Set<string>() // cursors of pages under way
  #emptyPages = 0 // the last ones that were read
  readonly #frame: Schedule
  #queue: CircleEvent[] = []
  #deaf: () => void = () => undefined
  #closed = false
  #turn = 0 // of reading again

  constructor(
    private readonly api: ViewerApi,
    private readonly readPage: ReadPage,
    private readonly source: Source,
  ) {
    this.#frame = source.frame ?? nextFrame
    this.#deaf = source.unsent?.listen((news) => this.#unsentNews(news)) ?? this.#deaf
  }

  get exhausted(): boolean {
    return this.loaded && this.state.nextCursor === null && !this.state.tailLost
  }

  /** Whether more pages are read as the end comes near; after several empty ones only when somebody asks. */
  get readsOn(): boolean {
    return this.loaded && !this.exhausted && this.problem === null && this.#emptyPages < maxEmptyPages
  }

  get waitingCount(): number {
    return this.state.waiting.posts.length + this.state.waiting.dropped
  }

  /** Whether a post came live and was not drawn yet: it slides in once. */
  arrives(id: string): boolean {
    return this.#arrived.delete(id)
  }

  /** Reads the first or the next page. Failures stay in `problem` until the next try. */
  async more(): Promise<void> {
    if (this.loading || this.exhausted) return
    this.loading = true
    this.problem = null
    try {
      if (this.state.tailLost) {
        await this.#findTail()
        return
      }
      const page = await this.#nextPage()
      this.#emptyPages = page.items.length > 0 ? 0 : (this.#emptyPages % maxEmptyPages) + 1
      this.loaded = true
      this.#wishes(page.items)
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
      const page = await this.#read(asked.nextCursor)
      const current = asked.generation === this.state.generation
      this.state = addPage(this.state, page, asked)
      if (current || this.state.nextCursor === null) return page
    }
  }

  /** A page whose posts know where they came from. */
  async #read(cursor: string | null, limit?: number): Promise<Page<ReadPost>> {
    const page = await this.readPage(cursor, limit)
    return { ...page, items: page.items.map((p) => ({ ...p, page: cursor })) }
  }

  reveal(): void {
    for (const p of this.state.waiting.posts) this.#slideIn(p.id)
    this.state = cutTail(reveal(this.state))
  }

  /** Says which posts are on screen: what is missing there is read again, and what is far away may go. */
  showing(from: number, to: number): void {
    this.state = letGo(this.state, from, to)
    for (const cursor of missingPages(this.state, from, to)) void this.#refill(cursor)
  }

  async #refill(cursor: string): Promise<void> {
    if (this.#refilling.has(cursor) || this.#closed) return
    this.#refilling.add(cursor)
    const asked = this.state
    try {
      const page = await this.#read(cursor)
      this.state = refill(this.state, page, cursor, asked)
      this.#wishes(page.items)
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, retryMs) }) // the empty place asks again
    } finally {
      this.#refilling.delete(cursor)
    }
  }

  setAtTop(top: boolean): void {
    if (this.atTop === top) return
    this.atTop = top
    if (this.#straight && this.waitingCount > 0) this.reveal()
  }

  /** Shows the viewer's own new post, whether its publication or this comes first. */
  published(post: Post): void {
    this.#slideIn(post.id)
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
    this.#queue = []
    this.#deaf()
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
      this.#watches.set(circle, this.source.live.watch(circle, since, { event: (e) => this.#gather(e), missed }))
    }
  }

  /** Whether news goes to the screen at once. */
  get #straight(): boolean {
    return this.state.posts.length === 0 || (this.atTop && !this.engaged && this.source.circle !== undefined)
  }

  /** One request at a time for a post; what was wanted last is sent last. */
  async #sendLikes(id: string, failed: (cause: unknown) => void): Promise<void> {
    this.#likesUnderWay.add(id)
    try {
      for (let intent = this.state.likes.get(id); intent !== undefined; intent = this.state.likes.get(id)) {
        const wanted = intent.wanted
        const send = (): Promise<LikeAnswer> => this.api.like(id, wanted)
        const answer = await (this.source.unsent?.deliver({ kind: 'like', post: id, wanted }, send) ?? send())
        if (answer === null) return // it waits, and is shown until it is answered
        this.state = likeAnswered(this.state, id, answer) // the state of now: news came while it was asked
      }
    } catch (cause) {
      this.state = likeFailed(this.state, id)
      failed(cause)
    } finally {
      this.#likesUnderWay.delete(id)
    }
  }

  /** Likes that wait to be sent are shown on posts that come. */
  #wishes(posts: readonly Post[]): void {
    const wishes = this.source.unsent?.likes() ?? new Map<string, boolean>()
    if (wishes.size === 0) return
    for (const p of posts) {
      const wanted = wishes.get(p.id)
      if (wanted !== undefined && !this.state.likes.has(p.id)) this.state = likeAsked(this.state, p.id, wanted)
    }
  }

  /** What became of something that waited. */
  #unsentNews({ entry, answer }: News): void {
    const { act } = entry
    if (act.kind === 'like') {
      const settled = answer as LikeAnswer | null
      if (find(this.state, act.post) === undefined || this.#likesUnderWay.has(act.post)) return
      this.state = settled === null ? likeFailed(this.state, act.post) : likeAnswered(this.state, act.post, settled)
    } else if (act.kind === 'comment' && answer !== null) this.#threads.get(act.post)?.created(answer as Comment)
    else if (act.kind === 'post' && answer !== null && act.circle === this.source.circle) {
      this.#slideIn((answer as Post).id)
      this.state = addNew(this.state, answer as Post, { reveal: this.#straight })
    }
  }

  /** A post slides in, unless others have just done so: what comes in a stream flows without a show. */
  #slideIn(id: string): void {
    const now = performance.now()
    const calm = now - this.#lastArrival > calmMs
    this.#lastArrival = now
    if (calm) this.#arrived.add(id)
    for (const old of this.#arrived) {
      if (this.#arrived.size <= maxArrived) break
      this.#arrived.delete(old)
    }
  }

  #gather(e: CircleEvent): void {
    this.#queue.push(e)
    if (this.#queue.length === 1) this.#frame(() => this.#merge())
    else if (this.#queue.length >= maxQueued) this.#merge()
  }

  /** Merges what was gathered, with one change of what is shown. */
  #merge(): void {
    const events = this.#queue
    if (events.length === 0) return
    this.#queue = []
    const posts = events.flatMap((e) => this.#heard(e) ?? [])
    const merged = liveAll(this.state, posts, { reveal: this.#straight })
    this.state = this.#straight && merged.waiting.posts.length === 0 ? cutTail(merged) : merged
  }

  /** Takes what is not of the list; gives what is. */
  #heard(e: CircleEvent): CircleEvent | null {
    switch (e.type) {
      case 'viewers':
        this.viewers = e.count
        return null
      case 'circle.updated':
        this.circleNews = e.circle
        this.#circles.set(e.circle.id, { id: e.circle.id, name: e.circle.name })
        return null
      case 'comment.created':
        this.#threads.get(e.comment.postId)?.created(e.comment)
        return null
      case 'comment.deleted':
        for (const t of this.#threads.values()) t.deleted(e.commentId)
        return null
      case 'post.created': {
        if (this.source.belongs?.(e.post) === false) return null
        this.#slideIn(e.post.id)
        return { type: 'post.created', post: { ...e.post, circle: e.post.circle ?? this.#circles.get(e.post.circleId) ?? null } }
      }
      case 'tip.created':
        this.#tipLists.get(e.tip.postId)?.(e.tip)
        return e
      default:
        return e
    }
  }

  #resyncSoon(): void {
    const turn = ++this.#turn
    setTimeout(() => { if (turn === this.#turn) void this.#resync(turn, this.state) }, gatherMs)
  }

  /** Reads again as much as is shown, within bounds, and merges it. A later turn ends this one; a failure is tried again. */
  async #resync(turn: number, before: FeedState): Promise<void> {
    const wanted = Math.min(before.posts.length, maxPostsAgain)
    for (const t of this.#threads.values()) t.missed()
    try {
      const page = await this.#readUntil(turn, (items) => items.length >= wanted)
      if (page !== null) this.#renew(page, before)
    } catch {
      setTimeout(() => { if (turn === this.#turn) void this.#resync(turn, before) }, retryMs)
    }
  }

  /** Reads from the top down to the end of the list, from where it goes on. */
  async #findTail(): Promise<void> {
    const turn = ++this.#turn
    const before = this.state
    const end = before.posts.at(-1)
    const reached = (items: readonly Post[]): boolean => {
      const oldest = items.at(-1)
      return items.length >= maxPostsToTail || end === undefined || (oldest !== undefined && newerFirst(end, oldest) <= 0)
    }
    const page = await this.#readUntil(turn, reached, bigPage)
    if (page !== null) this.#renew(page, before)
  }

  #renew(page: Page<ReadPost>, before: FeedState): void {
    this.state = resync(this.state, page, before, { reveal: this.#straight })
    this.#wishes(page.items)
  }

  /** Reads pages from the top until there is enough; null if a later turn came. */
  async #readUntil(turn: number, enough: (items: readonly Post[]) => boolean, limit?: number): Promise<Page<ReadPost> | null> {
    let items: readonly ReadPost[] = []
    let cursor: string | null = null
    do {
      const page: Page<ReadPost> = await this.#read(cursor, limit)
      if (turn !== this.#turn) return null
      items = [...items, ...page.items]
      cursor = page.nextCursor
    } while (cursor !== null && !enough(items))
    return { items, nextCursor: cursor, position: null }
  }
}

interface LikeAnswer {
  liked: boolean
  likes: number
}
