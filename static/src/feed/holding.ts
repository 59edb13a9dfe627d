// How much of a feed is held. A reader at the top of a busy circle loses the
// end of the list, which is read again when it is scrolled to; one who reads
// far down loses the content of posts far from the screen, which their pages
// bring back. Pure, as the rest of the store.
import type { Author, Page } from '../api/types'
import { settle, without } from './feed-store'
import { mergePosts, newerFirst } from './merge'
import type { FeedPost, FeedState, ReadPost } from './state'

export const maxAtTop = 240 // posts, for one who sees the top; then cut to
export const keptAtTop = 120
export const maxFull = 300 // posts with their content
const fullAround = 60 // posts before and after the screen that keep theirs

const nobody: Author = { id: '', handle: '', displayName: '' }

/** Cuts the end of a list that grew while its reader saw the top. */
export function cutTail(s: FeedState, most = maxAtTop, kept = keptAtTop): FeedState {
  if (s.posts.length <= most) return s
  const edge = s.posts.findIndex((p, i) => i >= kept && p.page !== null && p.page !== s.posts[i - 1]?.page)
  const known = edge >= 0 && edge <= most
  const posts = s.posts.slice(0, known ? edge : kept)
  const next = known ? (s.posts[edge]?.page ?? null) : s.nextCursor
  return { ...s, posts, nextCursor: next, tailLost: !known, generation: s.generation + 1 }
}

/** Lets the content of posts far from the screen go, which shows from..to, when there is too much of it. */
export function letGo(s: FeedState, from: number, to: number, most = maxFull, around = fullAround): FeedState {
  const full = s.posts.reduce((n, p) => (p.hollow ? n : n + 1), 0)
  if (full <= most) return s
  const goes = (p: FeedPost, i: number): boolean => !p.hollow && p.page !== null && (i < from - around || i >= to + around)
  return s.posts.some(goes) ? { ...s, posts: s.posts.map((p, i) => (goes(p, i) ? hollow(p) : p)) } : s
}

function hollow(p: FeedPost): FeedPost {
  return { ...p, hollow: true, text: '', photos: [], author: nobody, circle: null, can: {} }
}

/** The pages that bring back what is hollow among the posts from..to. */
export function missingPages(s: FeedState, from: number, to: number): readonly string[] {
  const hollowOnes = s.posts.slice(Math.max(0, from), to).filter((p) => p.hollow)
  return [...new Set(hollowOnes.flatMap((p) => p.page ?? []))]
}

/** Takes a page again, of which some posts were hollow: those that it should hold and does not have gone. */
export function refill(s: FeedState, page: Page<ReadPost>, cursor: string, asked: FeedState): FeedState {
  if (asked.generation !== s.generation) return s
  const inPage = new Set(page.items.map((p) => p.id))
  const oldest = page.items.at(-1)
  const open = (p: FeedPost): boolean => p.hollow && p.page === cursor && !inPage.has(p.id)
  const covered = (p: FeedPost): boolean => page.nextCursor === null || oldest === undefined || newerFirst(p, oldest) < 0
  const rest = without(s, (p) => open(p) && covered(p))
  // A page read with another size reached further: the rest is on the next.
  const moved = rest.posts.map((p) => (open(p) ? { ...p, page: page.nextCursor } : p))
  const known = new Set(moved.map((p) => p.id))
  return settle({ ...rest, posts: mergePosts(s, moved, page.items.filter((p) => known.has(p.id))) })
}
