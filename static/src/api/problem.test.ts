import { describe, expect, it } from 'vitest'
import { en } from '../i18n/en'
import { zh } from '../i18n/zh'
import codes from '../../../internal/problem/codes.go?raw'
import { asProblem, fieldText, Problem, problemOf, problemText, refusalText } from './problem'

describe('a problem in words', () => {
  it('is told by its code, in the reader’s language', () => {
    const p = problemOf(401, { code: 'invalid_credentials', detail: 'server words' })
    expect(problemText(p, en)).toBe(en.problems.invalid_credentials)
    expect(problemText(p, zh)).toBe(zh.problems.invalid_credentials)
  })

  it('has words for every code of the server', () => {
    const names = [...codes.matchAll(/Code = "([a-z_]+)"/g)].map((m) => m[1] as string)
    expect(names.length).toBeGreaterThan(30)
    expect(names.filter((code) => !(code in en.problems) || !(code in zh.problems))).toEqual([])
  })

  it.each([['en', en], ['zh', zh]] as const)('leaves the server’s English to codes that nobody knows (%s)', (_, t) => {
    const codeNames = [...codes.matchAll(/Code = "([a-z_]+)"/g)].map((m) => m[1] as string)
    for (const code of codeNames) {
      const errors = [{ location: 'body.x', code, message: 'SERVER' }]
      const p = problemOf(400, { code, detail: 'SERVER', errors, rule: [{ clause: 'SERVER', have: 'SERVER', need: 'SERVER', how: 'SERVER' }] })
      const said = [problemText(p, t), fieldText(p, 'x', t), refusalText({ code, reason: 'SERVER' }, t)]
      expect(said.filter((s) => s === '' || s.includes('SERVER')), code).toEqual([])
    }
    expect(refusalText({ code: 'brand_new', reason: 'Too late in the day.' }, t)).toBe('Too late in the day.')
  })

  it('falls back to the server’s sentence, then to a plain one', () => {
    expect(problemText(problemOf(418, { code: 'brand_new', detail: 'Too much tea.' }), en)).toBe('Too much tea.')
    expect(problemText(problemOf(500, 'not even json'), en)).toBe(en.problems.internal)
  })

  it('says when to come again', () => {
    expect(problemText(problemOf(429, { code: 'rate_limited' }, '7'), en)).toContain('7 seconds')
  })

  it('names the faults of fields', () => {
    const p = problemOf(422, { code: 'invalid', errors: [{ location: 'body.handle', message: 'm', code: 'handle_malformed' }, { location: 'body.bio', message: 'Odd.' }] })
    expect(fieldText(p, 'handle', zh)).toBe(zh.problems.handle_malformed)
    expect(fieldText(p, 'bio', en)).toBe('Odd.')
    expect(fieldText(p, 'password', en)).toBe('')
  })

  it('tells a lost connection from our own faults', () => {
    expect(asProblem(new TypeError('Failed to fetch')).code).toBe('network')
    expect(asProblem(new Error('x')).code).toBe('unexpected')
  })

  it('knows what may pass', () => {
    const temporary = [0, 429, 500, 503].map((status) => new Problem(status, 'x', '').temporary)
    expect(temporary).toEqual([true, true, true, true])
    expect(problemOf(409, { code: 'idempotency_in_progress' }).temporary).toBe(true)
    expect(problemOf(403, { code: 'not_allowed' }).temporary).toBe(false)
  })
})
