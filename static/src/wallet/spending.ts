// What one's own limits say of an amount. Pure.
import type { SpendLimits } from '../api/money-types'
import type { Dictionary } from '../i18n/en'

const lifted = 1_000_000_000_000 // fen; a limit from here on is none

export function isLimit(fen: number): boolean {
  return fen < lifted
}

/** What is left of the limit that an amount does not keep, in words; '' if it keeps all. */
export function spendingText(fen: number, l: SpendLimits, t: Dictionary, yuan: (fen: number) => string): string {
  if (fen > l.perTip) return t.money.perTipLimit(yuan(l.perTip))
  const today = Math.max(0, l.perDay - l.spentToday)
  if (fen > today) return t.money.leftToday(yuan(today), yuan(l.perDay))
  const month = Math.max(0, l.perMonth - l.spentMonth)
  return fen > month ? t.money.leftMonth(yuan(month), yuan(l.perMonth)) : ''
}
