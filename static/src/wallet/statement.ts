// Months and the lines of a statement. Pure.
import type { StatementLine, StatementPage } from '../api/money-types'

export const zone = 'Asia/Shanghai' // where days and months of money begin

/** The month of a moment, such as 2026-11. */
export function monthAt(ms: number): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, year: 'numeric', month: '2-digit' }).formatToParts(ms)
  const of = (type: string): string => parts.find((p) => p.type === type)?.value ?? ''
  return `${of('year')}-${of('month')}`
}

export function shiftMonth(month: string, by: number): string {
  const [year = 0, number = 1] = month.split('-').map((part) => Number.parseInt(part, 10))
  const index = year * 12 + number - 1 + by
  return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`
}

export function isMonth(s: string): boolean {
  return /^\d{4}-(0[1-9]|1[0-2])$/.test(s)
}

/** A month as people say it: November 2026. */
export function monthName(month: string, lang: string): string {
  return new Intl.DateTimeFormat(lang, { year: 'numeric', month: 'long', timeZone: 'UTC' }).format(Date.parse(`${month}-15T12:00:00Z`))
}

/** When a line was booked, within its month. */
export function lineTime(iso: string, lang: string): string {
  const at = Date.parse(iso)
  const style = { timeZone: zone, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' } as const
  return Number.isNaN(at) ? '' : new Intl.DateTimeFormat(lang, { ...style, hourCycle: 'h23' }).format(at)
}

export interface StatementState {
  opening: number
  closing: number
  lines: readonly StatementLine[] // oldest first
  nextCursor: string | null
}

/** Adds a page; a line that is known is not added again. */
export function addLines(s: StatementState | null, page: StatementPage): StatementState {
  const byVersion = new Map((s?.lines ?? []).map((l) => [l.version, l]))
  for (const l of page.items) byVersion.set(l.version, l)
  const lines = [...byVersion.values()].sort((a, b) => a.version - b.version)
  return { opening: s?.opening ?? page.opening, closing: page.closing, lines, nextCursor: page.nextCursor }
}
