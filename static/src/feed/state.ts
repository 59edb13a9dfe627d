// The shape of a feed's state, and how to look into it.
import type { Counts, Post } from '../api/types'

export interface FeedPost extends Post {
  liked: boolean
  /** The cursor of a page that holds it; null: none is known, as for one that came live. */
  page: string | null
  /** Its content was let go to spare memory; place and numbers are kept, and its page brings it back. */
  hollow: boolean
}

/** A post as it was read, with the cursor of its page. */
export type ReadPost = Post & { page?: string | null }

/** A like or unlike that the server has not confirmed. */
export interface LikeIntent {
  wanted: boolean
  /** Counts' version when it was asked; a later one may count it already. */
  version: number
}

/** Newer posts, held back while the reader is further down. */
export interface Waiting {
  posts: readonly FeedPost[]
  /** Set when posts between these and the shown ones are unknown: where to go on reading. */
  gap: { cursor: string | null } | null
  /** How many older ones were let go for want of room: no cursor leads on from these. */
  dropped: number
}

export const nothingWaits: Waiting = { posts: [], gap: null, dropped: 0 }

export interface FeedState {
  posts: readonly FeedPost[]
  waiting: Waiting
  nextCursor: string | null
  /** No cursor leads on from the end: the list has to be read again down to there. */
  tailLost: boolean
  /** Rises when the list is read anew: a page asked for before then is of no use. */
  generation: number
  likes: ReadonlyMap<string, LikeIntent>
  /** Ids that must not come back with a page that was read before they went. */
  deleted: ReadonlySet<string>
  /** Counts that came before their post. */
  earlyCounts: ReadonlyMap<string, Counts>
  /** Edits of posts that are in a page under way, maybe read before the edit. */
  earlyEdits: ReadonlyMap<string, Post>
}

export const emptyFeed: FeedState = {
  posts: [],
  waiting: nothingWaits,
  nextCursor: null,
  tailLost: false,
  generation: 0,
  likes: new Map(),
  deleted: new Set(),
  earlyCounts: new Map(),
  earlyEdits: new Map(),
}

export function find(s: FeedState, id: string): FeedPost | undefined {
  return s.posts.find((p) => p.id === id) ?? s.waiting.posts.find((p) => p.id === id)
}

export function knows(s: FeedState, id: string): boolean {
  return find(s, id) !== undefined
}

export function everywhere(s: FeedState, change: (p: FeedPost) => FeedPost): FeedState {
  return { ...s, posts: s.posts.map(change), waiting: { ...s.waiting, posts: s.waiting.posts.map(change) } }
}
