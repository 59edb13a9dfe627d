// A refusal, in words that people understand. The server's `code` is stable;
// its `detail` is an English sentence and the fallback for unknown codes.
import type { Dictionary } from '../i18n/en'
import { excess } from '../text/graphemes'
import { fields, list, text } from './read'
import type { Permission } from './types'

export interface FieldFault {
  location: string // such as body.text
  code: string
  message: string
}

export interface Clause {
  have: string
  need: string
  how: string
}

/** Thrown for every answer that is no success, and for none at all. */
export class Problem extends Error {
  override readonly name = 'Problem'
  constructor(
    /** HTTP status; 0: no answer came */
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly faults: readonly FieldFault[] = [],
    readonly rule: readonly Clause[] = [],
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(`${status} ${code}`)
  }

  /** Whether the same request may succeed later, and its key must be kept. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.code === 'idempotency_in_progress'
  }
}

export function problemOf(status: number, body: unknown, retryAfter: string | null = null): Problem {
  const f = fields(body)
  const seconds = Number.parseInt(retryAfter ?? '', 10)
  return new Problem(
    status,
    text(f['code']) || codeOfStatus(status),
    text(f['detail']) || text(f['title']),
    list(f['errors']).map((e) => {
      const fault = fields(e)
      return { location: text(fault['location']), code: text(fault['code']), message: text(fault['message']) }
    }),
    list(f['rule']).map((c) => {
      const clause = fields(c)
      return { have: text(clause['have']), need: text(clause['need']), how: text(clause['how']) }
    }),
    Number.isNaN(seconds) ? null : seconds,
  )
}

/** What the browser throws when no answer came, as a Problem. */
export function asProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause
  if (cause instanceof TypeError) return new Problem(0, 'network', '') // fetch's way to say: no connection
  return new Problem(0, 'unexpected', cause instanceof Error ? cause.message : '')
}

const statusCodes: Readonly<Record<number, string>> = {
  401: 'unauthorized', 403: 'not_allowed', 404: 'not_found', 413: 'body_too_large', 422: 'invalid', 429: 'rate_limited', 503: 'unavailable',
}
function codeOfStatus(status: number): string {
  return statusCodes[status] ?? (status >= 500 ? 'internal' : 'malformed_request')
}

/** One or two sentences for the one who met the problem. */
export function problemText(p: Problem, t: Dictionary): string {
  const known: Readonly<Record<string, string>> = t.problems
  const parts = [known[p.code] ?? (p.detail || t.problems.internal)]
  if (p.code === 'invalid' && p.detail !== '') parts[0] = p.detail
  for (const c of p.rule) if (c.how !== '') parts.push(c.how)
  if (p.retryAfterSeconds !== null && p.retryAfterSeconds > 0) parts.push(t.problemRetryAfter(p.retryAfterSeconds))
  return parts.join(' ')
}

/** Why the viewer may not do something, in the language of the screen where we know the code. */
export function refusalText(p: Permission, t: Dictionary): string {
  const known: Readonly<Record<string, string>> = t.problems
  return p.code === 'not_allowed' && p.reason !== '' ? p.reason : (known[p.code] ?? (p.reason || t.problems.not_allowed))
}

/** That a text is too long, or nothing. */
export function lengthText(s: string, max: number, t: Dictionary): string {
  const over = excess(s, max)
  return over === 0 ? '' : t.charactersLeft(-over)
}

/** The fault of one field of a form, by the last part of its location. */
export function fieldText(p: Problem | null, field: string, t: Dictionary): string {
  const fault = p?.faults.find((f) => f.location.split('.').at(-1) === field)
  if (fault === undefined) return ''
  const known: Readonly<Record<string, string>> = t.problems
  return known[fault.code] ?? (fault.message || t.problems.invalid)
}
