// The comments of one post on screen, around the pure thread store.
import type { ViewerApi } from '../api/api'
import { Attempt } from '../api/idempotency'
import type { Unsent } from '../outbox/outbox.svelte'
import { asProblem, type Problem } from '../api/problem'
import type { Comment } from '../api/types'
import { addComment, addCommentPage, emptyThread, moreBefore, removeComment, resyncThread, type ThreadState } from './thread-store'

export class Thread {
  state = $state.raw<ThreadState>(emptyThread)
  loading = $state(false)
  loaded = $state(false)
  problem = $state.raw<Problem | null>(null)
  readonly #attempt = new Attempt()

  constructor(private readonly api: ViewerApi, readonly postId: string, private readonly unsent?: Unsent) {}

  get hasMore(): boolean {
    return this.loaded && this.state.nextCursor !== null
  }

  get moreBefore(): string | null {
    return moreBefore(this.state)
  }

  async more(): Promise<void> {
    if (this.loading || (this.loaded && this.state.nextCursor === null)) return
    this.loading = true
    this.problem = null
    try {
      const page = await this.api.comments(this.postId, this.state.nextCursor)
      this.state = addCommentPage(this.state, page) // the state of now: news came while it was read
      this.loaded = true
    } catch (cause) {
      this.problem = asProblem(cause)
    } finally {
      this.loading = false
    }
  }

  /** Sends a comment; without a network it waits in the outbox. */
  async write(text: string, replyTo: string | null): Promise<void> {
    const written = await this.#attempt.run({ text, replyTo }, (key) => {
      const send = (): Promise<Comment> => this.api.createComment(this.postId, text, replyTo, key)
      return this.unsent?.deliver({ kind: 'comment', post: this.postId, text, replyTo }, send, key) ?? send()
    })
    if (written !== null) this.created(written)
  }

  async delete(id: string): Promise<void> {
    await this.api.deleteComment(id)
    this.deleted(id)
  }

  created(c: Comment): void {
    this.state = addComment(this.state, c)
  }

  deleted(id: string): void {
    this.state = removeComment(this.state, id)
  }

  /** Reads the first page again; news since then stays. */
  missed(): void {
    const before = new Set(this.state.comments.map((c) => c.id))
    this.api.comments(this.postId).then(
      (page) => {
        const since = this.state.comments.filter((c) => !before.has(c.id))
        this.state = since.reduce(addComment, resyncThread(this.state, page))
        this.loaded = true
      },
      () => undefined, // the feed tries again, and this with it
    )
  }
}
