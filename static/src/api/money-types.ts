// Money as the screens work with it, in fen; made by read-money.ts.
import type { Author } from './types'

export type Visibility = 'public' | 'receiver' | 'anonymous'
export const visibilities: readonly Visibility[] = ['public', 'receiver', 'anonymous']

/** What one receiver gets of a tip. */
export interface Part {
  to: 'author' | 'partner' | 'platform'
  userId: string | null
  amount: number
}

export interface NewTip {
  amount: number
  message: string
  visibility: Visibility
}

export interface Tip {
  id: string
  postId: string
  amount: number
  /** Null for those who may not know. */
  from: Author | null
  message: string
  visibility: Visibility
  refunded: number
  /** Of all tips of the post, when this one was given. */
  tipTotal: number
  split: readonly Part[]
  createdAt: string
}

export interface Quote {
  amount: number
  maxTip: number
  split: readonly Part[]
}

export interface Hold {
  id: string
  kind: string
  amount: number
  reason: string
  releaseAt: string | null
  createdAt: string
}

export interface TipLimits {
  perTip: number
  perDay: number
  perMonth: number
}

export interface SpendLimits extends TipLimits {
  spentToday: number
  spentMonth: number
  /** Raised limits that wait for their time. */
  next: TipLimits | null
  nextAt: string | null
}

export interface Wallet {
  /** All of it, what is held included. */
  balance: number
  held: number
  holds: readonly Hold[]
  limits: SpendLimits
}

export type TransferStatus = 'pending' | 'paid' | 'failed'

interface Transfer {
  id: string
  status: TransferStatus
  amount: number
  provider: string
  reason: string
  createdAt: string
}

export interface TopUp extends Transfer {
  checkoutUrl: string
}

export interface Withdrawal extends Transfer {
  destination: string
}

export interface NewTransfer {
  amount: number
  provider: string
  destination?: string
}

export interface StatementLine {
  /** 1, 2, 3 ... without gaps */
  version: number
  at: string
  kind: string
  amount: number
  balance: number
  postId: string | null
}

export interface StatementPage {
  month: string
  opening: number
  closing: number
  items: readonly StatementLine[]
  nextCursor: string | null
}

/** Ten-thousandths of each tip. */
export interface Shares {
  author: number
  partner: number
  platform: number
}

export interface Terms extends Shares {
  partnerId: string | null
  maxTip: number
}

export interface Contract extends Terms {
  version: number
  ownerSignedAt: string | null
  partnerSignedAt: string | null
}

export interface Contracts {
  current: Contract
  pending: Contract | null
}
