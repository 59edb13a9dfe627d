// Times as people say them.

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const week = 7 * day

/** "3m ago" up to a week, then the date. Empty for a time that is none. */
export function ago(iso: string, now: number, lang: string, justNow: string): string {
  const then = Date.parse(iso)
  if (Number.isNaN(then)) return ''
  const seconds = Math.max(0, Math.round((now - then) / 1000))
  if (seconds < minute) return justNow
  const format = new Intl.RelativeTimeFormat(lang, { style: 'narrow', numeric: 'always' })
  if (seconds < hour) return format.format(-Math.floor(seconds / minute), 'minute')
  if (seconds < day) return format.format(-Math.floor(seconds / hour), 'hour')
  if (seconds < week) return format.format(-Math.floor(seconds / day), 'day')
  const sameYear = new Date(then).getFullYear() === new Date(now).getFullYear()
  return new Intl.DateTimeFormat(lang, sameYear ? { month: 'short', day: 'numeric' } : { dateStyle: 'medium' }).format(then)
}

export function fullTime(iso: string, lang: string): string {
  const then = Date.parse(iso)
  return Number.isNaN(then) ? '' : new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeStyle: 'short' }).format(then)
}

export function clock(at: number, lang: string): string {
  return new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit' }).format(at)
}

export function monthOf(iso: string, lang: string): string {
  const then = Date.parse(iso)
  return Number.isNaN(then) ? '' : new Intl.DateTimeFormat(lang, { year: 'numeric', month: 'long' }).format(then)
}

/** The day of a time, or a day itself: 2026-11-27 is the same day everywhere. */
export function dayOf(iso: string, lang: string): string {
  const then = Date.parse(iso)
  const zone = iso.length === 10 ? { timeZone: 'UTC' } : {}
  return Number.isNaN(then) ? '' : new Intl.DateTimeFormat(lang, { dateStyle: 'medium', ...zone }).format(then)
}
