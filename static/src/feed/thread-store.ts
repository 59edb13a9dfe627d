// The comments under one post: pages and news merged, oldest first. Pure.
import type { Comment, Page } from '../api/types'

export interface ThreadState {
  comments: readonly Comment[]
  nextCursor: string | null
  /** The server gives the newest first: older ones are then read upwards. */
  newestFirst: boolean
  /** The last comment that a page reached; what stands beyond came live. */
  pagedUpTo: string | null
  deleted: ReadonlySet<string>
}

export const emptyThread: ThreadState = {
  comments: [], nextCursor: null, newestFirst: false, pagedUpTo: null, deleted: new Set(),
}

export function addCommentPage(s: ThreadState, page: Page<Comment>): ThreadState {
  const first = page.items[0]
  const last = page.items.at(-1)
  const newestFirst = page.items.length > 1 && first !== undefined && last !== undefined ? first.id > last.id : s.newestFirst
  return {
    ...s,
    comments: merged(s, page.items),
    nextCursor: page.nextCursor,
    newestFirst,
    pagedUpTo: last?.id ?? s.pagedUpTo,
  }
}

/** Starts again from a page read after news may have been missed. */
export function resyncThread(s: ThreadState, page: Page<Comment>): ThreadState {
  return addCommentPage({ ...emptyThread, deleted: s.deleted }, page)
}

export function addComment(s: ThreadState, c: Comment): ThreadState {
  return { ...s, comments: merged(s, [c]) }
}

export function removeComment(s: ThreadState, id: string): ThreadState {
  return { ...s, comments: s.comments.filter((c) => c.id !== id), deleted: new Set(s.deleted).add(id) }
}

/** Where the button for more stands: before which comment, or null for the end. */
export function moreBefore(s: ThreadState): string | null {
  if (s.newestFirst) return s.comments[0]?.id ?? null
  const reached = s.pagedUpTo
  return reached === null ? null : (s.comments.find((c) => c.id > reached)?.id ?? null)
}

function merged(s: ThreadState, incoming: readonly Comment[]): readonly Comment[] {
  const byId = new Map(s.comments.map((c) => [c.id, c]))
  for (const c of incoming) {
    if (!s.deleted.has(c.id)) byId.set(c.id, Object.keys(c.can).length > 0 ? c : { ...c, can: byId.get(c.id)?.can ?? {} })
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}
