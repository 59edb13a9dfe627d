// Joining what is known of posts with what comes: nothing goes back in time.
import type { Tip } from '../api/money-types'
import type { Counts, Post } from '../api/types'
import type { FeedPost, FeedState, ReadPost } from './state'

/** Newest first. Ids rise with time inside a circle; between circles the time decides. */
export function newerFirst(a: Post, b: Post): number {
  if (a.circleId !== b.circleId) {
    const byTime = Date.parse(b.createdAt) - Date.parse(a.createdAt)
    if (byTime !== 0 && !Number.isNaN(byTime)) return byTime
  }
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0
}

/** Merges posts into a list, without the deleted ones, newest first. */
export function mergePosts(s: FeedState, known: readonly FeedPost[], incoming: readonly ReadPost[]): readonly FeedPost[] {
  const byId = new Map(known.map((p) => [p.id, p]))
  for (const p of incoming) {
    if (s.deleted.has(p.id)) continue
    const before = byId.get(p.id)
    byId.set(p.id, before === undefined ? received(s, p) : renewed(before, p))
  }
  return [...byId.values()].sort(newerFirst)
}

/** A post that was not known before, with what was told of it early. */
export function received(s: FeedState, p: ReadPost): FeedPost {
  const fresh = { ...p, liked: p.liked === true, page: p.page ?? null, hollow: false }
  const edit = s.earlyEdits.get(p.id)
  const now = edit === undefined ? fresh : edited(fresh, edit)
  const early = s.earlyCounts.get(p.id)
  return early === undefined ? now : { ...now, counts: newerCounts(now.counts, early) }
}

/** A post that is known, read once more: nothing in it goes back. */
function renewed(before: FeedPost, p: ReadPost): FeedPost {
  return {
    ...edited(before, p),
    page: p.page ?? before.page,
    hollow: false,
    liked: p.liked ?? before.liked,
    can: Object.keys(p.can).length > 0 ? p.can : before.can,
    circle: p.circle ?? before.circle,
  }
}

/** An edit, unless a later one is known. What it says to everybody never touches the viewer's own. */
export function edited(before: FeedPost, p: Post): FeedPost {
  const stale = editTime(p) < editTime(before)
  return {
    ...before,
    text: stale ? before.text : p.text,
    photos: stale ? before.photos : p.photos,
    author: stale ? before.author : p.author,
    editedAt: stale ? before.editedAt : p.editedAt,
    counts: newerCounts(before.counts, p.counts),
  }
}

function editTime(p: Post): number {
  return p.editedAt === null ? 0 : Date.parse(p.editedAt)
}

export function newerCounts(before: Counts, c: Counts): Counts {
  if (c.version < before.version) return before
  return { version: c.version, likes: c.likes, comments: c.comments, tipCount: c.tipCount, tipTotal: c.tipTotal }
}

/**
 * A tip says the post's total as it was with it, but no version: it may be news
 * or told again. So a total never falls by one, and counts have the last word.
 */
export function withTip(c: Counts, tip: Tip): Counts {
  return tip.tipTotal <= c.tipTotal ? c : { ...c, tipCount: Math.max(1, c.tipCount), tipTotal: tip.tipTotal }
}
