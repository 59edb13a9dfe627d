// Reads the server's JSON of money, as read.ts does the rest. An amount that
// is no whole number becomes 0: nothing is ever shown as money that is none.
import type {
  Contract, Contracts, Hold, Part, Quote, SpendLimits, StatementLine, StatementPage, Tip, TipLimits, TopUp, TransferStatus, Visibility,
  Wallet, Withdrawal,
} from './money-types'
import { author, count, fields, list, text } from './read'

const textOrNull = (v: unknown): string | null => text(v) || null

/** Fen, which may have left: negative. */
function fen(v: unknown): number {
  return typeof v === 'number' && Number.isSafeInteger(v) ? v : 0
}

function oneOf<T extends string>(v: unknown, known: readonly T[], otherwise: T): T {
  return known.find((k) => k === v) ?? otherwise
}

const receivers = ['author', 'partner', 'platform'] as const

function split(v: unknown): Part[] {
  return list(v).map((p) => {
    const f = fields(p)
    return { to: oneOf(f['to'], receivers, 'platform'), userId: textOrNull(f['user_id']), amount: count(f['amount']) }
  })
}

export function tip(v: unknown): Tip {
  const f = fields(v)
  const from = author(f['from'])
  return {
    id: text(f['id']),
    postId: text(f['post_id']),
    amount: count(f['amount']),
    from: from.id === '' ? null : from,
    message: text(f['message']),
    visibility: oneOf<Visibility>(f['visibility'], ['public', 'receiver', 'anonymous'], 'public'),
    refunded: count(f['refunded']),
    tipTotal: count(f['tip_total']),
    split: split(f['split']),
    createdAt: text(f['created_at']),
  }
}

export function quote(v: unknown): Quote {
  const f = fields(v)
  return { amount: count(f['amount']), maxTip: count(f['max_tip']), split: split(f['split']) }
}

function hold(v: unknown): Hold {
  const f = fields(v)
  return {
    id: text(f['id']),
    kind: text(f['kind']),
    amount: count(f['amount']),
    reason: text(f['reason']),
    releaseAt: textOrNull(f['release_at']),
    createdAt: text(f['created_at']),
  }
}

function tipLimits(v: unknown): TipLimits {
  const f = fields(v)
  return { perTip: count(f['per_tip']), perDay: count(f['per_day']), perMonth: count(f['per_month']) }
}

export function limits(v: unknown): SpendLimits {
  const f = fields(v)
  const nextAt = textOrNull(f['next_at'])
  return {
    ...tipLimits(f),
    spentToday: count(f['spent_today']),
    spentMonth: count(f['spent_month']),
    next: nextAt === null ? null : tipLimits(f['next']),
    nextAt,
  }
}

export function wallet(v: unknown): Wallet {
  const f = fields(v)
  return {
    balance: count(fields(f['balance'])['amount']),
    held: count(f['held']),
    holds: list(f['holds']).map(hold).filter((h) => h.id !== ''),
    limits: limits(f['limits']),
  }
}

function transfer(f: Readonly<Record<string, unknown>>) {
  return {
    id: text(f['id']),
    status: oneOf<TransferStatus>(f['status'], ['pending', 'paid', 'failed'], 'pending'),
    amount: count(f['amount']),
    provider: text(f['provider']),
    reason: text(f['reason']),
    createdAt: text(f['created_at']),
  }
}

export function topUp(v: unknown): TopUp {
  const f = fields(v)
  return { ...transfer(f), checkoutUrl: text(f['checkout_url']) }
}

export function withdrawal(v: unknown): Withdrawal {
  const f = fields(v)
  return { ...transfer(f), destination: text(f['destination']) }
}

function statementLine(v: unknown): StatementLine {
  const f = fields(v)
  return {
    version: count(f['version']),
    at: text(f['at']),
    kind: text(f['kind']),
    amount: fen(f['amount']),
    balance: count(f['balance']),
    postId: textOrNull(f['post_id']),
  }
}

export function statement(v: unknown): StatementPage {
  const f = fields(v)
  return {
    month: text(f['month']),
    opening: count(f['opening_balance']),
    closing: count(f['closing_balance']),
    items: list(f['items']).map(statementLine).filter((l) => l.version > 0),
    nextCursor: textOrNull(f['next_cursor']),
  }
}

export function contract(v: unknown): Contract {
  const f = fields(v)
  return {
    version: count(f['version']),
    author: count(f['author']),
    partner: count(f['partner']),
    platform: count(f['platform']),
    partnerId: textOrNull(f['partner_id']),
    maxTip: count(f['max_tip']),
    ownerSignedAt: textOrNull(f['owner_signed_at']),
    partnerSignedAt: textOrNull(f['partner_signed_at']),
  }
}

export function contracts(v: unknown): Contracts {
  const f = fields(v)
  const pending = fields(f['pending'])
  return { current: contract(f['current']), pending: count(pending['version']) > 0 ? contract(pending) : null }
}
