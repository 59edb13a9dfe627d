// Likes that are shown before they are confirmed, and taken back honestly.
// The server's answer carries no version: it counts only if no newer count
// came since the like was asked.
import { everywhere, find, type FeedPost, type FeedState, type LikeIntent } from './state'

/** Notes that the viewer wants to like (or not) and shows it at once. */
export function likeAsked(s: FeedState, id: string, wanted: boolean): FeedState {
  const post = find(s, id)
  if (post === undefined) return s
  const before = s.likes.get(id)
  return withLike(s, id, { wanted, version: before?.version ?? post.counts.version })
}

/** Takes the server's answer. What was wanted since then is still shown. */
export function likeAnswered(s: FeedState, id: string, answer: { liked: boolean; likes: number }): FeedState {
  const intent = s.likes.get(id)
  const settled = everywhere(s, (p) => {
    if (p.id !== id) return p
    const newer = intent !== undefined && p.counts.version > intent.version
    return { ...p, liked: answer.liked, counts: newer ? p.counts : { ...p.counts, likes: answer.likes } }
  })
  const version = find(settled, id)?.counts.version ?? 0
  const open = intent !== undefined && intent.wanted !== answer.liked
  return withLike(settled, id, open ? { wanted: intent.wanted, version } : null)
}

/** Takes a like back that the server refused. */
export function likeFailed(s: FeedState, id: string): FeedState {
  return withLike(s, id, null)
}

/** What the like button shows: the server's word, and the viewer's own wish on top. */
export function likeShown(s: FeedState, post: FeedPost): { liked: boolean; likes: number } {
  const intent = s.likes.get(post.id)
  if (intent === undefined || intent.wanted === post.liked) return { liked: intent?.wanted ?? post.liked, likes: post.counts.likes }
  const counted = post.counts.version > intent.version // the newer number may hold it already
  const change = counted ? 0 : intent.wanted ? 1 : -1
  return { liked: intent.wanted, likes: Math.max(0, post.counts.likes + change) }
}

function withLike(s: FeedState, id: string, intent: LikeIntent | null): FeedState {
  const likes = new Map(s.likes)
  if (intent === null) likes.delete(id)
  else likes.set(id, intent)
  return { ...s, likes }
}
