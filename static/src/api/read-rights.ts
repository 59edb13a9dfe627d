// Reads the server's JSON of rights, as read.ts does the rest.
import * as read from './read'
import { count, fields, list, text } from './read'
import {
  ruled, type Attribute, type CircleRules, type Clause, type Contact, type ContactState, type Credit, type Gate, type Kind, type Penalty, type Preview, type Rules,
  type RulesVersion, type ScorePart, type ShutOut, type Standing, type Step, type Template, type Verification,
} from './rights-types'

const whole = (v: unknown): number => (typeof v === 'number' && Number.isFinite(v) ? Math.trunc(v) : 0)
const textOrNull = (v: unknown): string | null => text(v) || null

function oneOf<T extends string>(v: unknown, known: readonly T[], otherwise: T): T {
  return known.find((k) => k === v) ?? otherwise
}

export function rules(v: unknown): Rules {
  const f = fields(v)
  return Object.fromEntries(ruled.filter((a) => text(f[a]) !== '').map((a) => [a, text(f[a])]))
}

export function clauses(v: unknown): Clause[] {
  return list(v).map((c) => {
    const f = fields(c)
    return {
      way: count(f['way']),
      attribute: text(f['attribute']),
      test: text(f['test']),
      value: text(f['value']),
      values: list(f['values']).map(text),
      target: text(f['target']),
      missing: whole(f['missing']),
      said: { clause: text(f['clause']), have: text(f['have']), need: text(f['need']), how: text(f['how']) },
    }
  })
}

const kinds: readonly Kind[] = ['identity', 'student', 'employment']

export function verification(v: unknown): Verification {
  const f = fields(v)
  return {
    id: text(f['id']),
    kind: oneOf(f['kind'], kinds, 'identity'),
    status: oneOf(f['status'], ['pending', 'verified', 'refused'] as const, 'pending'),
    level: count(f['level']),
    url: text(f['url']),
    reason: text(f['reason']),
    note: text(f['note']),
    createdAt: text(f['created_at']),
  }
}

function attribute(v: unknown): Attribute {
  const f = fields(v)
  return {
    kind: text(f['kind']),
    value: text(f['value']),
    issuer: text(f['issuer']),
    verifiedAt: text(f['verified_at']),
    expiresAt: textOrNull(f['expires_at']),
    valid: f['valid'] !== false,
  }
}

export function standing(v: unknown): Standing {
  const f = fields(v)
  const r = fields(f['revoked'])
  return {
    level: count(f['level']),
    levels: list(f['levels']).map((l) => ({ level: count(fields(l)['level']), issuer: text(fields(l)['issuer']), verifiedAt: text(fields(l)['verified_at']) })),
    attributes: list(f['attributes']).map(attribute).filter((a) => a.kind !== ''),
    verifications: list(f['items']).map(verification).filter((x) => x.id !== '').sort((a, b) => b.createdAt.localeCompare(a.createdAt)),
    revoked: text(r['at']) === '' ? null : { at: text(r['at']), reason: text(r['reason']) },
  }
}

function part(v: unknown): ScorePart {
  const f = fields(v)
  const items = list(f['items']).map((i) => {
    const g = fields(i)
    return { id: text(g['id']), value: count(g['value']), points: count(g['points']), max: count(g['max']), next: text(g['next']) }
  })
  return { id: text(f['id']), points: count(f['points']), max: count(f['max']), items }
}

function penalty(v: unknown): Penalty {
  const f = fields(v)
  const event = new URLSearchParams(text(f['appeal']).split('?')[1] ?? '').get('event') ?? ''
  return { event, code: text(f['code']), points: whole(f['points']), at: text(f['at']), halfLifeDays: count(f['half_life_days']), appeal: '' }
}

/** Penalties, with what has become of appeals, and what else speaks against somebody. */
function penalties(taken: unknown, against: unknown): Penalty[] {
  const known = list(taken).map(penalty)
  const marks = list(against).map((m) => {
    const f = fields(m)
    return { event: text(f['event_id']), code: text(f['code']) || text(f['kind']), points: 0, at: text(f['at']), halfLifeDays: 0, appeal: text(f['appeal']) }
  })
  const appeals = new Map(marks.map((m) => [m.event, m.appeal]))
  const others = marks.filter((m) => m.event !== '' && !known.some((p) => p.event === m.event))
  return [...known.map((p) => ({ ...p, appeal: appeals.get(p.event) ?? '' })), ...others]
}

function gate(v: unknown): Gate {
  const f = fields(v)
  return { id: text(f['id']), passed: f['passed'] === true, margin: text(f['margin']) }
}

function step(v: unknown): Step {
  const f = fields(v)
  return { do: text(f['do']), n: count(f['n']), gain: count(f['gain']) }
}

export function credit(v: unknown): Credit {
  const f = fields(v)
  const reach = fields(f['to_reach'])
  const history = list(f['history']).map((h) => ({ day: text(fields(h)['at']), score: count(fields(h)['score']) })).filter((h) => h.day !== '' && h.score > 0)
  const [score, early] = [count(f['score']) || null, f['provisional'] === true]
  return {
    score: early ? null : score,
    provisional: early ? score : null,
    nextAt: text(f['next_at']),
    vouchesLeft: count(f['vouches_left']),
    band: text(f['band']),
    asOf: text(f['as_of']),
    model: text(f['model']),
    parts: list(f['parts']).map(part).filter((p) => p.max > 0),
    penalties: penalties(f['penalties'], f['against']),
    gates: list(f['gates']).map(gate),
    reasons: list(f['reasons']).map(text).filter(Boolean),
    toReach: count(reach['target']) === 0 ? null : { target: count(reach['target']), cheapest: list(reach['cheapest']).map(step), reachableBy: text(reach['reachable_by']) },
    history: history.sort((a, b) => a.day.localeCompare(b.day)),
  }
}

function title(v: unknown): { en: string; zh: string } {
  const f = fields(v)
  return { en: text(f['en']), zh: text(f['zh']) || text(f['en']) }
}

function template(v: unknown): Template {
  const f = fields(v)
  const parameters = list(f['parameters']).map((p) => ({ id: text(fields(p)['id']), title: title(fields(p)['title']) }))
  return { id: text(f['id']), title: title(f['title']), rules: rules(f['rules']), parameters, needsReason: f['needs_reason'] === true }
}

export const templates = (v: unknown): Template[] => list(v).map(template).filter((t) => t.id !== '')

function rulesVersion(v: unknown): RulesVersion {
  const f = fields(v)
  const back = f['reverted_to']
  return {
    version: count(f['version']),
    rules: rules(f['rules']),
    reason: text(f['rules_reason']),
    revertedTo: typeof back === 'number' ? whole(back) : null,
    by: read.author(f['by']),
    createdAt: text(f['created_at']),
  }
}

export function circleRules(v: unknown): CircleRules {
  const f = fields(v)
  return { ...rulesVersion(f), history: list(f['history']).map(rulesVersion), templates: templates(f['templates']) }
}

export function preview(v: unknown): Preview {
  const f = fields(v)
  const told = 'actions' in f ? fields(f['actions']) : f
  const one = (v: unknown): ShutOut => {
    const g = fields(v)
    return { followers: count(g['followers']), followersShutOut: count(g['followers_shut_out']), authors: count(g['authors']), authorsShutOut: count(g['authors_shut_out']) }
  }
  const s = fields(f['sample'])
  const margin = typeof s['margin'] === 'number' ? s['margin'] : 0
  return {
    actions: Object.fromEntries(ruled.filter((a) => a in told).map((a) => [a, one(told[a])])),
    exact: f['exact'] !== false,
    sample: { followers: count(s['followers']), authors: count(s['authors']), margin },
  }
}

const states: readonly ContactState[] = ['none', 'asked', 'asks', 'accepted']

export function contact(v: unknown): Contact {
  const f = fields(v)
  const user = read.author(f['person'])
  return { id: user.id, user, state: oneOf(f['state'], states, 'none'), since: text(f['since']) }
}
