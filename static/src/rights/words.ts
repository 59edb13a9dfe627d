// Rules and refusals in the reader's words. Pure: from what the server tells
// with names and numbers, never from its English, but for conditions that are
// newer than this page.
import type { Dictionary } from '../i18n/en'
import { ruled, type Clause, type Ruled, type Rules } from '../api/rights-types'
import { attributesIn, readExpression, type Expression, type Test } from './expression'

type RightsWords = Dictionary['rights']

/** A set of conditions as one phrase: "verified students, or a score above 750". Null if it cannot be said. */
export function ruleWords(text: string, t: Dictionary): string | null {
  const e = readExpression(text)
  return e === null ? null : expressionWords(e, t.rights, false)
}

function expressionWords(e: Expression, w: RightsWords, inner: boolean): string | null {
  if (e.is === 'condition') return conditionWords(e.attribute, e.test, e.values, w)
  const parts = e.parts.map((p) => expressionWords(p, w, true))
  if (parts.some((p) => p === null)) return null
  const said = parts.join(e.is === 'all' ? w.and : w.or)
  return inner && e.is === 'any' ? w.either(said) : said
}

/** What one condition asks for, such as "a score above 750". */
export function conditionWords(attribute: string, test: Test | string, values: readonly string[], w: RightsWords): string | null {
  const listed = values.map((v) => valueWords(attribute, v, w)).join(w.oneOf)
  const known: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>> = w.truths
  switch (test) {
    case 'true':
    case 'false':
      return known[attribute]?.[test] ?? null
    default: {
      const ways: Readonly<Record<string, Readonly<Partial<Record<string, (v: string) => string>>>>> = w.needs
      return (ways[attribute] ?? ways[`${attribute.split('.')[0]}.*`])?.[test]?.(listed) ?? null
    }
  }
}

function valueWords(attribute: string, v: string, w: RightsWords): string {
  const names: Readonly<Record<string, Readonly<Record<string, string>>>> = { 'user.role': w.roles, 'user.gender': w.genders }
  return names[attribute]?.[v === '' ? 'none' : v] ?? v
}

export interface RuleLine {
  action: Ruled
  /** What is asked, or the rule itself where words fail. */
  words: string
  /** Whether words is CEL. */
  raw: boolean
}

/** The rules of a circle, one line for each that it has. */
export function ruleLines(rules: Rules, t: Dictionary): RuleLine[] {
  return ruled.flatMap((action) => {
    const text = rules[action]
    if (text === undefined) return []
    const words = ruleWords(text, t)
    return [{ action, words: words ?? text, raw: words === null }]
  })
}

/** Whether a rule speaks of gender: then its reason is shown, and needed. */
export function usesGender(rules: Rules): boolean {
  return Object.values(rules).some((text) => {
    const e = readExpression(text)
    return e === null ? text.includes('user.gender') : attributesIn(e).includes('user.gender')
  })
}

export type Way = 'credit' | 'verify' | 'sign-in'

export interface ClauseWords {
  need: string
  have: string
  how: string
  /** Where to get it; null if there is nowhere to go. */
  go: Way | null
  /** Shown as a bar where both are known. */
  score: { have: number; need: number } | null
}

const verified: readonly string[] = ['user.student', 'user.student_of', 'user.employee', 'user.employee_of', 'user.gender', 'user.age', 'user.city', 'user.level']

/** One condition that is not met: what is needed, what there is, and how to get there. */
export function clauseWords(c: Clause, t: Dictionary): ClauseWords {
  const w = t.rights
  const need = c.attribute === '' ? null : conditionWords(c.attribute, c.test, c.values, w)
  if (need === null) return { need: c.said.need || c.said.clause, have: c.said.have, how: c.said.how, go: null, score: null }
  return { need, have: haveWords(c, w), how: howWords(c, w), go: whereTo(c), score: scoreOf(c) }
}

function scoreOf(c: Clause): { have: number; need: number } | null {
  const [have, need] = [Number.parseInt(c.value, 10), Number.parseInt(c.target, 10)]
  return c.attribute === 'user.credit' && have > 0 && need > have ? { have, need } : null
}

function haveWords(c: Clause, w: RightsWords): string {
  const unknown: Readonly<Record<string, string>> = w.unknown
  const has: Readonly<Record<string, (v: string) => string>> = w.has
  if (c.value === '') return unknown[c.attribute] ?? w.unknownOther
  const bools: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>> = w.hasTruths
  return bools[c.attribute]?.[c.value] ?? has[c.attribute]?.(valueWords(c.attribute, c.value, w)) ?? c.value
}

function howWords(c: Clause, w: RightsWords): string {
  if (c.attribute.startsWith('circle.')) return w.how.circle
  if (c.attribute === 'user.gender' && c.value !== '') return w.how.genderStays
  if (c.target === '') return w.how.none
  switch (c.attribute) {
    case 'user.signed_in':
      return w.how.signIn
    case 'user.credit':
      if (c.value === '') return w.how.firstScore(c.target)
      return c.missing > 0 ? w.how.points(c.missing) : w.how.fewer(c.target)
    case 'user.age':
      return c.value === '' ? w.how.verifyIdentity : w.how.waitAge(c.target)
    case 'user.member_days':
      return w.how.waitDays(c.missing)
    case 'user.level':
      return w.how.level(c.target)
    case 'user.gender':
    case 'user.city':
      return w.how.verifyIdentity
    case 'user.student':
    case 'user.student_of':
      return c.target === 'false' ? w.how.none : w.how.verifyStudent
    case 'user.employee':
    case 'user.employee_of':
      return c.target === 'false' ? w.how.none : w.how.verifyEmployee
    case 'user.role':
      return w.how.role
    case 'user.follows':
      return c.target === 'true' ? w.how.follow : w.how.unfollow
    default:
      return w.how.none
  }
}

function whereTo(c: Clause): Way | null {
  if (c.attribute === 'user.signed_in') return 'sign-in'
  if (c.target === '') return null
  if (c.attribute === 'user.credit') return c.missing > 0 || c.value === '' ? 'credit' : null
  if (c.attribute === 'user.age' && c.value !== '') return null
  return verified.includes(c.attribute) && c.target !== 'false' ? 'verify' : null
}

/** The clauses of a refusal by way: any one way is enough, all of its clauses together. */
export function waysOf(rule: readonly Clause[]): Clause[][] {
  const ways = new Map<number, Clause[]>()
  for (const c of rule) ways.set(c.way, [...(ways.get(c.way) ?? []), c])
  return [...ways.values()]
}
