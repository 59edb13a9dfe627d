// Things that the tests of the feed are made of.
import type { Tip } from '../api/money-types'
import type { Comment, Counts, Page, Post } from '../api/types'

export const circleId = 'c000000000000'

export function counted(version: number, more: Partial<Counts> = {}): Counts {
  return { version, likes: 0, comments: 0, tipCount: 0, tipTotal: 0, ...more }
}

/** A tip of a post, as the log tells it. */
export function tip(n: number, postId: string, tipTotal: number, more: Partial<Tip> = {}): Tip {
  return {
    id: `${postId}${String(n).padStart(13, '0')}`, postId, amount: 520, from: { id: 'u2', handle: 'bob', displayName: 'Bob' }, message: '', visibility: 'public',
    refunded: 0, tipTotal, split: [], createdAt: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(), ...more,
  }
}

/** The n-th post of the circle: ids rise with n, as the server's do. */
export function post(n: number, more: Partial<Post> = {}): Post {
  return {
    id: circleId + String(n).padStart(13, '0'),
    circleId,
    circle: null,
    author: { id: 'u1', handle: 'ann', displayName: 'Ann' },
    text: `post ${n}`,
    photos: [],
    counts: counted(1),
    liked: null,
    createdAt: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    editedAt: null,
    can: {},
    ...more,
  }
}

export function comment(n: number): Comment {
  return {
    id: `${post(1).id}${String(n).padStart(13, '0')}`, postId: post(1).id, circleId, author: post(1).author,
    text: `comment ${n}`, replyTo: null, createdAt: post(n).createdAt, can: {},
  }
}

export function pageOf<T>(items: readonly T[], nextCursor: string | null = null): Page<T> {
  return { items, nextCursor, position: null }
}

/** Posts from..to, newest first. */
export function range(from: number, to: number): Post[] {
  return Array.from({ length: Math.abs(from - to) + 1 }, (_, i) => post(Math.max(from, to) - i))
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function dice(seed: number): (below: number) => number {
  let a = seed >>> 0
  return (below) => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
