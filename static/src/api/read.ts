// Reads the server's JSON into the types of types.ts. A missing or odd field
// becomes its plain default; a thing without an id is dropped.
import { tip } from './read-money'
import { clauses, rules } from './read-rights'
import type {
  Author, Circle, CircleBrief, CircleEvent, CircleViewer, Comment, Counts, Page, Permission,
  Permissions, Person, Photo, Position, Post, Role, Session,
} from './types'

type Fields = Readonly<Record<string, unknown>>

export function fields(v: unknown): Fields {
  return typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Fields) : {}
}
export function list(v: unknown): readonly unknown[] {
  return Array.isArray(v) ? v : []
}
export function text(v: unknown): string {
  return typeof v === 'string' ? v : ''
}
export function count(v: unknown): number {
  return typeof v === 'number' && Number.isFinite(v) && v > 0 ? Math.floor(v) : 0
}
const textOrNull = (v: unknown): string | null => text(v) || null

function all<T extends { id: string }>(v: unknown, read: (item: unknown) => T): T[] {
  return list(v).map(read).filter((item) => item.id !== '')
}

export function author(v: unknown): Author {
  const f = fields(v)
  const handle = text(f['handle'])
  return { id: text(f['id']), handle, displayName: text(f['display_name']) || handle }
}

export function person(v: unknown): Person {
  const f = fields(v)
  return { ...author(f), bio: text(f['bio']), createdAt: text(f['created_at']) }
}

function permission(v: unknown): Permission {
  if (typeof v === 'boolean') return { allowed: v, code: '', reason: '', rule: [] }
  const f = fields(v)
  return { allowed: f['allowed'] !== false, code: text(f['code']), reason: text(f['reason']), rule: clauses(f['rule']) }
}

function permissions(v: unknown): Permissions {
  return Object.fromEntries(Object.entries(fields(v)).map(([action, p]) => [action, permission(p)]))
}

const roles: readonly string[] = ['owner', 'moderator', 'partner'] satisfies Role[]
function role(v: unknown): Role | null {
  return roles.includes(text(v)) ? (v as Role) : null
}

function circleBrief(v: unknown): CircleBrief {
  const f = fields(v)
  return { id: text(f['id']), name: text(f['name']) }
}

function circleViewer(f: Fields): CircleViewer | null {
  const viewer = fields(f['viewer'])
  const following = viewer['following'] ?? f['following']
  if (!('viewer' in f) && following === undefined) return null
  return {
    following: following === true,
    role: role(viewer['role'] ?? f['role']),
    can: permissions(viewer['can'] ?? f['can']),
  }
}

export function circle(v: unknown): Circle {
  const f = fields(v)
  return {
    ...circleBrief(f),
    description: text(f['description']),
    category: text(f['category']),
    tags: list(f['tags']).map(text).filter(Boolean),
    place: text(f['place']),
    parentId: textOrNull(f['parent_id'] ?? f['parent']),
    followers: count(f['followers']),
    subCircles: all(f['sub_circles'], circleBrief),
    rules: rules(f['rules']),
    rulesReason: text(f['rules_reason']),
    rulesVersion: count(f['rules_version']),
    createdAt: text(f['created_at']),
    viewer: circleViewer(f),
  }
}

export function counts(v: unknown): Counts {
  const f = fields(v)
  return {
    version: count(f['version']),
    likes: count(f['likes']),
    comments: count(f['comments']),
    tipCount: count(f['tip_count']),
    tipTotal: count(f['tip_total']),
  }
}

/** An address of this site; anything else is none. */
const address = (v: unknown): string => (/^\/(?![/\\])/.test(text(v)) ? text(v) : '')

export function photo(v: unknown): Photo {
  const f = fields(v)
  const urls = fields(f['urls'])
  const full = address(urls['full'] ?? f['url'])
  const screen = address(urls['screen']) || full
  const photo = { width: count(f['width']) || 1, height: count(f['height']) || 1, blurhash: text(f['blurhash']), sensitive: f['sensitive'] === true, pending: f['review'] === 'pending' }
  return { ...photo, id: text(f['id']), urls: { phone: address(urls['phone']) || screen, screen, full: full || screen } }
}

export function post(v: unknown): Post {
  const f = fields(v)
  const where = circleBrief(f['circle'])
  return {
    id: text(f['id']),
    circleId: text(f['circle_id']),
    circle: where.id === '' ? null : where,
    author: author(f['author']),
    text: text(f['text']),
    photos: all(f['photos'], photo),
    counts: counts(f['counts']),
    liked: typeof f['liked'] === 'boolean' ? f['liked'] : null,
    createdAt: text(f['created_at']),
    editedAt: textOrNull(f['edited_at']),
    can: permissions(f['can']),
  }
}

export function comment(v: unknown): Comment {
  const f = fields(v)
  return {
    id: text(f['id']),
    postId: text(f['post_id']),
    circleId: text(f['circle_id']),
    author: author(f['author']),
    text: text(f['text']),
    replyTo: textOrNull(f['reply_to']),
    createdAt: text(f['created_at']),
    can: permissions(f['can']),
  }
}

export function position(v: unknown): Position | null {
  const f = fields(v)
  const epoch = text(f['epoch'])
  return epoch === '' ? null : { offset: count(f['offset']), epoch }
}

export function page<T extends { id: string }>(v: unknown, read: (item: unknown) => T): Page<T> {
  const f = fields(v)
  return {
    items: all(f['items'], read),
    nextCursor: textOrNull(f['next_cursor']),
    position: position(f['position']),
  }
}

export function session(v: unknown): Session {
  const f = fields(v)
  return {
    user: author(f['user']),
    accessToken: text(f['access_token']),
    expiresInSeconds: count(f['expires_in']),
  }
}

/** Reads the data of a subscribe reply: what is now, as the news that would have told it. */
export function joined(v: unknown): CircleEvent[] {
  const f = fields(v)
  const news = [{ type: 'circle.updated', circle: f['circle'] }, { type: 'counts', posts: f['counts'] }]
  const told = 'viewers' in f ? [...news, { type: 'viewers', count: f['viewers'] }] : news
  return told.map(circleEvent).filter((e) => e !== null)
}

/** Reads a publication of a circle's channel; null for one of an unknown kind. */
export function circleEvent(v: unknown): CircleEvent | null {
  const f = fields(v)
  const type = text(f['type'])
  switch (type) {
    case 'post.created':
    case 'post.updated': {
      const p = post(f['post'])
      return p.id === '' ? null : { type, post: p }
    }
    case 'post.deleted': {
      const postId = text(f['post_id'])
      return postId === '' ? null : { type, postId }
    }
    case 'comment.created': {
      const c = comment(f['comment'])
      return c.id === '' ? null : { type, comment: c }
    }
    case 'comment.deleted': {
      const commentId = text(f['comment_id'])
      return commentId === '' ? null : { type, commentId, postId: textOrNull(f['post_id']) }
    }
    case 'tip.created': {
      const t = tip(f['tip'])
      return t.id === '' || t.postId === '' ? null : { type, tip: t }
    }
    case 'circle.updated': {
      const c = circle(f['circle'])
      return c.id === '' ? null : { type, circle: c }
    }
    case 'counts':
      return { type, posts: all(f['posts'], (p) => ({ id: text(fields(p)['id']), ...counts(p) })) }
    case 'viewers':
      return { type, count: count(f['count']) }
    default:
      return null
  }
}
