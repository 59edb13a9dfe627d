// What the screens work with. `read.ts` makes these from what the server
// sends, over HTTP or the socket, so that a field added, absent or null there
// never breaks a screen.
import type { PhotoLimits } from '../photos/accept'
import type { Tip } from './money-types'
import type { Clause, Rules } from './rights-types'

export interface Author {
  id: string
  handle: string
  displayName: string
}

export interface Person extends Author {
  bio: string
  createdAt: string
}

/** Whether the viewer may do one thing, and if not, why. */
export interface Permission {
  allowed: boolean
  code: string
  reason: string
  /** The conditions that are not met, the nearest way first. */
  rule: readonly Clause[]
}

export type Permissions = Readonly<Record<string, Permission>>

export type Role = 'owner' | 'moderator' | 'partner'

export interface CircleBrief {
  id: string
  name: string
}

export interface Circle extends CircleBrief {
  description: string
  category: string
  tags: readonly string[]
  place: string
  parentId: string | null
  followers: number
  subCircles: readonly CircleBrief[]
  rules: Rules
  rulesReason: string
  /** 0: there were never any. */
  rulesVersion: number
  createdAt: string
  /** What is true for the one who asks; absent in news that goes to everybody. */
  viewer: CircleViewer | null
}

export interface CircleViewer {
  following: boolean
  role: Role | null
  can: Permissions
}

/** Absolute numbers of a post; a lower version is older than a higher one. */
export interface Counts {
  version: number
  likes: number
  comments: number
  tipCount: number
  tipTotal: number // fen
}

/** A picture of a post, in sizes for small and large screens. */
export interface Photo {
  id: string
  width: number // px, of the largest
  height: number
  blurhash: string
  /** Its addresses; one that the server does not have is the next larger one's. */
  urls: { phone: string; screen: string; full: string }
  /** Its author asks that people choose to see it. */
  sensitive: boolean
  /** It is still to be looked at: its post takes no tips meanwhile. */
  pending: boolean
}

export interface Post {
  id: string
  circleId: string
  /** Told where posts of several circles stand together, and of a post alone. */
  circle: CircleBrief | null
  author: Author
  text: string
  photos: readonly Photo[]
  counts: Counts
  /** Whether the viewer likes it; null where the news goes to everybody. */
  liked: boolean | null
  createdAt: string
  editedAt: string | null
  can: Permissions
}

export interface Comment {
  id: string
  postId: string
  circleId: string
  author: Author
  text: string
  replyTo: string | null
  createdAt: string
  can: Permissions
}

/** A place in a circle's log. */
export interface Position {
  offset: number
  epoch: string
}

export interface Page<T> {
  items: readonly T[]
  nextCursor: string | null
  position: Position | null
}

export interface Session {
  user: Author
  accessToken: string
  expiresInSeconds: number
}

/** How long things may be, in characters as people count them. */
export interface Limits {
  postText: number
  commentText: number
  displayName: number
  bio: number
  circleName: number
  description: number
  place: number
  /** How many a circle may have. */
  tags: number
  tag: number
  categories: readonly string[]
  /** Who money can be paid through. */
  providers: readonly string[]
  photos: PhotoLimits
}

/** What a circle's channel tells. */
export type CircleEvent =
  | { type: 'post.created'; post: Post }
  | { type: 'post.updated'; post: Post }
  | { type: 'post.deleted'; postId: string }
  | { type: 'comment.created'; comment: Comment }
  | { type: 'comment.deleted'; commentId: string; postId: string | null }
  | { type: 'tip.created'; tip: Tip }
  | { type: 'circle.updated'; circle: Circle }
  | { type: 'counts'; posts: readonly (Counts & { id: string })[] }
  | { type: 'viewers'; count: number }
