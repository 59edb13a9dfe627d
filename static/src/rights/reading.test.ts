import { describe, expect, it } from 'vitest'
import * as rights from '../api/read-rights'
import { en } from '../i18n/en'
import { zh } from '../i18n/zh'
import { itemName, nextWords, reasonWords, stepGoes, stepWords } from './reading'
import actionGo from '../../../internal/creditscore/model/action.go?raw'
import scoreGo from '../../../internal/creditscore/model/score.go?raw'
import eventGo from '../../../internal/creditscore/model/event.go?raw'

const told = {
  score: 731, band: 'super_good', as_of: '2026-11-22', model: 'lc-1.0.0',
  parts: [{ id: 'history', points: 148, max: 210, items: [{ id: 'clean_months', value: 29, points: 74, max: 100, next: '+3 at 30 months' }] }],
  penalties: [{ code: 'chargeback_lost', points: -13, at: '2026-02-03', half_life_days: 180, appeal: '/v1/appeals?event=e77' }],
  gates: [{ id: 'identity', passed: true }, { id: 'trust', passed: false, margin: 'low' }],
  reasons: ['reversals'], to_reach: { target: 751, cheapest: [{ do: 'identity_level_3', gain: 20 }], reachable_by: '2026-11-24' },
  provisional: false, history: [{ at: '2026-11-22T20:00:00Z', score: 731 }, { at: '2026-11-02T20:00:00Z', score: 700 }],
  against: [{ event_id: 'e77', kind: 'penalised', code: 'chargeback_lost', at: '2026-02-03T00:00:00Z', appeal: 'open' }, { event_id: 'e9', kind: 'report_upheld', at: '2026-03-01T00:00:00Z' }],
  vouches_left: 5,
}

describe('a score', () => {
  it('is read whole, oldest first, each penalty with its appeal', () => {
    const c = rights.credit(told)
    expect(c).toMatchObject({ score: 731, provisional: null, vouchesLeft: 5, toReach: { target: 751, reachableBy: '2026-11-24' } })
    expect(c.history.map((h) => h.score)).toEqual([700, 731])
    expect(c.penalties).toMatchObject([{ event: 'e77', points: -13, appeal: 'open' }, { event: 'e9', code: 'report_upheld', points: 0, appeal: '' }])
  })

  it('that is not published yet is none', () => {
    expect(rights.credit({ ...told, provisional: true })).toMatchObject({ score: null, provisional: 731 })
    expect(rights.credit(null)).toMatchObject({ score: null, provisional: null, parts: [], toReach: null })
  })

  it('says what comes next in the reader’s words', () => {
    const item = (id: string, next: string) => ({ id, value: 0, points: 0, max: 9, next })
    expect(nextWords(item('clean_months', '+3 at 30 months'), en)).toBe('+3 at 30 months')
    expect(nextWords(item('clean_months', '+3 at 30 months'), zh)).toBe('30 个月时加 3 分')
    expect(nextWords(item('identity_level', '+20 at level 2'), en)).toBe('+20 at level 2')
    expect(nextWords(item('identity_attribute', '+10 at one verified attribute'), en)).toBe('+10 at 1 attribute')
    expect(nextWords(item('contacts', '+3 at 1 more contact'), en)).toBe('+3 with 1 contact more')
    expect(nextWords(item('contacts', ''), en)).toBe('')
  })

  it('has words for every item, step, penalty and reason of the model', () => {
    const items = [...scoreGo.matchAll(/Item\{ID: "([a-z_]+)"/g)].map((m) => m[1] as string)
    const steps = [...actionGo.matchAll(/^\s+\w+\s+Do = "([a-z_0-9]+)"/gm)].map((m) => m[1] as string)
    const penalties = [...eventGo.matchAll(/Code = "([a-z_]+)"/g)].map((m) => m[1] as string)
    expect([items.length, steps.length, penalties.length]).toEqual([12, 10, 4])
    for (const t of [en, zh]) {
      for (const id of items) expect(itemName(id, t)).not.toBe(id.replaceAll('_', ' '))
      for (const id of steps) expect(stepWords({ do: id, n: 3, gain: 1 }, t)).not.toBe(id.replaceAll('_', ' '))
      for (const id of [...penalties, ...items, 'gate_identity', 'gate_trust', 'daily_rise']) expect(reasonWords(id, t)).not.toBe(id.replaceAll('_', ' '))
    }
    expect(stepGoes({ do: 'identity_level_3', n: 0, gain: 1 })).toBe('verify')
  })
})
