// A refusal, in words that people understand. The server's `code` is stable and
// said in the reader's language; its own sentence is English, for codes that
// the dictionary does not know.
import type { Dictionary } from '../i18n/en'
import { excess } from '../text/graphemes'
import { fields, list, text } from './read'
import { clauses } from './read-rights'
import type { Clause } from './rights-types'
import type { Permission } from './types'

export interface FieldFault {
  location: string // such as body.text
  code: string
  message: string
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
    readonly retryAfterSeconds: number | null = null,
    /** Of a refused action: the conditions that are not met. */
    readonly rule: readonly Clause[] = [],
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
    Number.isNaN(seconds) ? null : seconds,
    clauses(f['rule']),
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

/** The dictionary's words for a code, else the server's, else those that fit everything. */
function words(code: string, server: string, otherwise: string, t: Dictionary): string {
  const known: Readonly<Record<string, string>> = t.problems
  return known[code] ?? (server || otherwise)
}

/** One or two sentences for the one who met the problem. */
export function problemText(p: Problem, t: Dictionary): string {
  const what = words(p.code, p.detail, t.problems.internal, t)
  return p.retryAfterSeconds !== null && p.retryAfterSeconds > 0 ? `${what} ${t.problemRetryAfter(p.retryAfterSeconds)}` : what
}

/** Why the viewer may not do something. */
export function refusalText(p: Pick<Permission, 'code' | 'reason'>, t: Dictionary): string {
  return words(p.code, p.reason, t.problems.not_allowed, t)
}

/** That a text is too long, or nothing. */
export function lengthText(s: string, max: number, t: Dictionary): string {
  const over = excess(s, max)
  return over === 0 ? '' : t.charactersLeft(-over)
}

/** The fault of one field of a form, by the last part of its location. */
export function fieldText(p: Problem | null, field: string, t: Dictionary): string {
  const fault = p?.faults.find((f) => f.location.split('.').at(-1) === field)
  return fault === undefined ? '' : words(fault.code, fault.message, t.problems.invalid, t)
}
