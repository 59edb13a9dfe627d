// Rights as the screens work with them: what is verified, the score, rules and
// contacts; made by read-rights.ts.
import type { Author } from './types'

/** What a circle's rules speak of, in the order that they are shown. */
export const ruled = ['view', 'post', 'comment', 'like', 'tip'] as const
export type Ruled = (typeof ruled)[number]
/** CEL by action; an action left out is open to every account. */
export type Rules = Readonly<Partial<Record<Ruled, string>>>

/** One condition that is not met, in the server's terms; its English is for conditions that we do not know. */
export interface Clause {
  /** Clauses of one way are met together, one way is enough. */
  way: number
  attribute: string
  test: string
  /** What there is; '' where nothing is known. */
  value: string
  values: readonly string[]
  /** The nearest value that is enough; '' if there is none. */
  target: string
  missing: number
  said: { clause: string; have: string; need: string; how: string }
}

export type Kind = 'identity' | 'student' | 'employment'

export interface Attribute {
  kind: string
  value: string
  issuer: string
  verifiedAt: string
  expiresAt: string | null
  /** Now. */
  valid: boolean
}

export interface Verification {
  id: string
  kind: Kind
  status: 'pending' | 'verified' | 'refused'
  /** Of identity: what was asked for. */
  level: number
  /** Where it goes on while it is pending; '' if there is nothing to do but wait. */
  url: string
  reason: string
  note: string
  createdAt: string
}

export interface Standing {
  level: number
  /** How it was reached, the lowest first. */
  levels: readonly { level: number; issuer: string; verifiedAt: string }[]
  attributes: readonly Attribute[]
  /** Newest first. */
  verifications: readonly Verification[]
  /** Staff took back all that was verified, and nothing was verified since. */
  revoked: { at: string; reason: string } | null
}

export interface NewVerification {
  kind: Kind
  level?: number
  of?: string
  email?: string
}

export interface ScoreItem {
  id: string
  value: number
  points: number
  max: number
  /** The next gain, and what it takes: "+3 at 30 months". */
  next: string
}

export interface ScorePart {
  id: string
  points: number
  max: number
  items: readonly ScoreItem[]
}

export interface Penalty {
  event: string
  /** Of the penalty, or of what happened. */
  code: string
  /** 0 where it weighs on an item instead. */
  points: number
  at: string
  halfLifeDays: number
  /** '' before anybody appealed. */
  appeal: string
}

export interface Gate {
  id: string
  passed: boolean
  margin: string
}

export interface Step {
  do: string
  n: number
  gain: number
}

export interface Credit {
  /** Null before the first score. */
  score: number | null
  /** What the first night would say if it were now; null once there is a score. */
  provisional: number | null
  /** When the next score is made. */
  nextAt: string
  vouchesLeft: number
  band: string
  asOf: string
  model: string
  parts: readonly ScorePart[]
  penalties: readonly Penalty[]
  gates: readonly Gate[]
  reasons: readonly string[]
  toReach: { target: number; cheapest: readonly Step[]; reachableBy: string } | null
  /** Oldest first. */
  history: readonly { day: string; score: number }[]
}

export interface Template {
  id: string
  title: { en: string; zh: string }
  rules: Rules
  parameters: readonly { id: string; title: { en: string; zh: string } }[]
  needsReason: boolean
}

export interface RulesVersion {
  version: number
  rules: Rules
  reason: string
  revertedTo: number | null
  by: Author
  createdAt: string
}

export interface CircleRules extends RulesVersion {
  /** Newest first, the one in force among them. */
  history: readonly RulesVersion[]
  templates: readonly Template[]
}

export type NewRules = { rules: Rules; rules_reason?: string } | { revert_to: number }

export interface ShutOut {
  followers: number
  followersShutOut: number
  authors: number
  authorsShutOut: number
}

export interface Preview {
  actions: Readonly<Partial<Record<Ruled, ShutOut>>>
  exact: boolean
  sample: { followers: number; authors: number; margin: number } // asked; hundredths by which the numbers may be off
}

/** none; asked: by the viewer; asks: the other does. */
export type ContactState = 'none' | 'asked' | 'asks' | 'accepted'

export interface Contact {
  id: string // of the other
  user: Author
  state: ContactState
  since: string
}
