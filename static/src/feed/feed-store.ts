// What a feed shows: pages from the API, news from the socket and the viewer's
// own likes under way, merged. Pure: every function takes a state and gives
// the next one. What it promises, whatever the order in which things come:
//
// - no post twice, none that was deleted, newest first;
// - a count never goes back to an older version;
// - nothing appears above the reader unasked: news waits in `waiting` until
//   it is revealed, see `live`;
// - what it holds is bounded, see `holding.ts` and the limits here.
import type { Tip } from '../api/money-types'
import type { CircleEvent, Counts, Page, Post } from '../api/types'
import { edited, mergePosts, newerCounts, newerFirst, received, withTip } from './merge'
import { everywhere, knows, nothingWaits, type FeedPost, type FeedState, type ReadPost } from './state'

export interface FeedOptions {
  /** Puts news straight on the screen: true while the reader sees the top. */
  reveal: boolean
}

const maxEarly = 500 // posts that are talked about before they are loaded
const maxDeleted = 2_000 // ids; a page is never that long under way
export const maxWaiting = 100 // posts above the screen; older ones are read when they are wanted

/** Adds a page of older posts, or the first one; `asked` is the state that it was asked for from. */
export function addPage(s: FeedState, page: Page<ReadPost>, asked: FeedState = s): FeedState {
  if (asked.generation !== s.generation) return s
  return settle({ ...s, posts: mergePosts(s, s.posts, page.items), nextCursor: page.nextCursor, tailLost: false })
}

/** Merges publications, the oldest first. */
export function liveAll(s: FeedState, events: readonly CircleEvent[], o: FeedOptions): FeedState {
  return events.reduce((state, e) => live(state, e, o), s)
}

/** Merges one publication of a circle. */
export function live(s: FeedState, e: CircleEvent, o: FeedOptions): FeedState {
  switch (e.type) {
    case 'post.created':
      return addNew(s, e.post, o)
    case 'post.updated':
      return applyEdit(s, e.post)
    case 'post.deleted':
      return remove(s, e.postId)
    case 'counts':
      return applyCounts(s, e.posts)
    case 'tip.created':
      return applyTip(s, e.tip)
    default:
      return s
  }
}

/** Adds a post that is news: on screen if revealed or the viewer's own, else waiting. */
export function addNew(s: FeedState, post: Post, o: FeedOptions): FeedState {
  if (s.deleted.has(post.id)) return s
  const waits = s.waiting.posts.some((p) => p.id === post.id)
  // Also when known: the answer to the author's own request knows more than the publication.
  if (s.posts.some((p) => p.id === post.id)) return { ...s, posts: mergePosts(s, s.posts, [post]) }
  // Across a gap a post may not stand with the old ones, or the hole would be hidden.
  if ((o.reveal && s.waiting.posts.length === 0) || standsBelow(post, s)) {
    return settle({ ...s, posts: withOne(s, s.posts, post) })
  }
  const state = bounded({ ...s, waiting: { ...s.waiting, posts: withOne(s, s.waiting.posts, post) } })
  return o.reveal && !waits ? reveal(state) : state
}

/** A list with a post more; most are the newest. */
function withOne(s: FeedState, posts: readonly FeedPost[], post: Post): readonly FeedPost[] {
  const newest = posts[0]
  return newest === undefined || newerFirst(post, newest) < 0 ? [received(s, post), ...posts] : mergePosts(s, posts, [post])
}

/** Lets the oldest of what waits go when there is too much of it. */
function bounded(s: FeedState): FeedState {
  const { posts, dropped } = s.waiting
  const over = posts.length - maxWaiting
  return over <= 0 ? s : { ...s, waiting: { posts: posts.slice(0, maxWaiting), gap: null, dropped: dropped + over } }
}

/** Whether a post is older than the newest on screen: a replayed one, put in its place. */
function standsBelow(post: Post, s: FeedState): boolean {
  const newest = s.posts[0]
  return newest !== undefined && newerFirst(newest, post) < 0
}

/** Shows what waits. */
export function reveal(s: FeedState): FeedState {
  const { posts, gap, dropped } = s.waiting
  if (dropped > 0) return settle({ ...s, posts, tailLost: true, generation: s.generation + 1, waiting: nothingWaits })
  if (gap !== null) return settle({ ...s, posts, nextCursor: gap.cursor, tailLost: false, generation: s.generation + 1, waiting: nothingWaits })
  if (posts.length === 0) return s
  return settle({ ...s, posts: mergePosts(s, s.posts, posts), waiting: nothingWaits })
}

/**
 * Takes the newest posts, read again after news may have been missed; `before`
 * is the state when they were asked for. They and what came since then are now
 * all that is known: what is not among them has gone, or will be read again
 * from their end. If they do not reach the list on screen, they wait beside it
 * and take its place when they are revealed.
 */
export function resync(s: FeedState, page: Page<ReadPost>, before: FeedState, o: FeedOptions): FeedState {
  const inPage = new Set(page.items.map((p) => p.id))
  const oldest = page.items.at(-1)
  const cameSince = (p: Post): boolean => !knows(before, p.id) && (oldest === undefined || newerFirst(p, oldest) < 0)
  const renewed = { ...s, generation: s.generation + 1 }
  const kept = [...s.posts, ...s.waiting.posts].filter((p) => inPage.has(p.id) || cameSince(p))
  const now = mergePosts(s, kept, page.items)
  const shown = s.posts.filter((p) => knows(before, p.id)) // what came since may stand across a hole
  const newestShown = shown[0]
  const reaches = page.nextCursor === null || newestShown === undefined || (oldest !== undefined && newerFirst(newestShown, oldest) <= 0)
  const next = reaches
    ? divided(renewed, now, page.nextCursor)
    : { ...renewed, posts: shown, waiting: { posts: now, gap: { cursor: page.nextCursor }, dropped: 0 } }
  return settle(o.reveal || next.posts.length === 0 ? reveal(next) : next)
}

/** What is newer than the newest post on screen waits; the rest is the list. */
function divided(s: FeedState, now: readonly FeedPost[], nextCursor: string | null): FeedState {
  const shown = new Set(s.posts.map((p) => p.id))
  const first = Math.max(0, now.findIndex((p) => shown.has(p.id)))
  return { ...s, posts: now.slice(first), waiting: { posts: now.slice(0, first), gap: null, dropped: 0 }, nextCursor, tailLost: false }
}

/** Removes a post for good: no page that was read earlier brings it back. */
export function remove(s: FeedState, id: string): FeedState {
  return { ...without(s, (p) => p.id === id), deleted: new Set([...s.deleted].slice(1 - maxDeleted)).add(id) }
}

export function without(s: FeedState, goes: (p: FeedPost) => boolean): FeedState {
  const rest = (posts: readonly FeedPost[]): readonly FeedPost[] => posts.filter((p) => !goes(p))
  return { ...s, posts: rest(s.posts), waiting: { ...s.waiting, posts: rest(s.waiting.posts) } }
}

/** Applies absolute counts, each unless a newer version is known. */
export function applyCounts(s: FeedState, told: readonly (Counts & { id: string })[]): FeedState {
  const byId = new Map(told.map((c) => [c.id, c]))
  const early = told.filter((c) => !knows(s, c.id)).map((c): [string, Counts] => [c.id, newerCounts(s.earlyCounts.get(c.id) ?? c, c)])
  const now = (p: FeedPost): FeedPost => {
    const c = byId.get(p.id)
    return c === undefined ? p : { ...p, counts: newerCounts(p.counts, c) }
  }
  return { ...everywhere(s, now), earlyCounts: noted(s.earlyCounts, early) }
}

/** Shows a tip's total before the counts tell it. */
export function applyTip(s: FeedState, tip: Tip): FeedState {
  return everywhere(s, (p) => (p.id === tip.postId ? { ...p, counts: withTip(p.counts, tip) } : p))
}

function applyEdit(s: FeedState, post: Post): FeedState {
  if (knows(s, post.id)) return everywhere(s, (p) => (p.id === post.id ? edited(p, post) : p))
  return { ...s, earlyEdits: noted(s.earlyEdits, [[post.id, post]]) }
}

/** Adds to a map of bounded size; the longest unused entries make room. */
function noted<V>(before: ReadonlyMap<string, V>, entries: readonly [string, V][]): ReadonlyMap<string, V> {
  const after = new Map(before)
  for (const [id, value] of entries) {
    after.delete(id)
    after.set(id, value)
  }
  for (const id of after.keys()) {
    if (after.size <= maxEarly) break
    after.delete(id)
  }
  return after
}

/** What came early and has found its post is dropped. */
export function settle(s: FeedState): FeedState {
  if (s.earlyCounts.size === 0 && s.earlyEdits.size === 0) return s
  const open = <V>(early: ReadonlyMap<string, V>): ReadonlyMap<string, V> =>
    new Map([...early].filter(([id]) => !knows(s, id)))
  return { ...s, earlyCounts: open(s.earlyCounts), earlyEdits: open(s.earlyEdits) }
}
