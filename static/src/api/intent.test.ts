import { beforeEach, describe, expect, it } from 'vitest'
import { Intent, intentStore, type IntentStore } from './intent.svelte'
import { Problem } from './problem'

const lost = new Problem(0, 'network', '')
const down = new Problem(503, 'unavailable', '', [], 3)
const atIt = new Problem(409, 'idempotency_in_progress', '')
const broke = new Problem(402, 'insufficient_funds', '')
const fast = new Problem(429, 'rate_limited', '')
const signedOut = new Problem(401, 'token_expired', '')

let sent: { body: number; key: string }[]
let outcomes: (Problem | string)[]
let waited: number[]
let keys: number
const intent = (store?: IntentStore): Intent<number, string> =>
  new Intent(async (body, key) => {
    sent.push({ body, key })
    const outcome = outcomes.shift() ?? 'paid'
    if (outcome instanceof Problem) throw outcome
    return outcome
  }, { makeKey: () => `k${++keys}`, wait: async (ms) => { waited.push(ms) }, ...(store === undefined ? {} : { store }) })

beforeEach(() => {
  sent = []
  outcomes = []
  waited = []
  keys = 0
  localStorage.clear()
})

describe('money that is sent', () => {
  it('goes once for a double tap', async () => {
    const i = intent()
    const both = [i.run(520), i.run(520)]
    expect(i.busy).toBe(true)
    expect(await Promise.all(both)).toEqual(['paid', 'paid'])
    expect(sent).toEqual([{ body: 520, key: 'k1' }])
    expect(i.busy).toBe(false)
  })

  it('has a new key for each new wish, also for the same amount and after a refusal', async () => {
    const i = intent()
    await i.run(520)
    outcomes = [broke]
    await expect(i.run(520)).rejects.toBe(broke)
    await i.run(520)
    expect(sent.map((s) => s.key)).toEqual(['k1', 'k2', 'k3'])
  })

  it('is asked after with its key when the answer is lost', async () => {
    outcomes = [lost, lost, 'paid']
    expect(await intent().run(520)).toBe('paid')
    expect(sent).toEqual([1, 2, 3].map(() => ({ body: 520, key: 'k1' })))
    expect(waited).toEqual([500, 1000])
  })

  it('waits while the server is at it, and as long as it says', async () => {
    outcomes = [lost, ...Array.from({ length: 12 }, () => atIt), 'paid']
    await intent().run(520)
    expect(new Set(sent.map((s) => s.key))).toEqual(new Set(['k1']))
    expect(waited.slice(1, 13)).toEqual(Array.from({ length: 12 }, () => 1000))
  })

  it('waits at least as long as the server says', async () => {
    outcomes = [down, 'paid']
    await intent().run(520)
    expect(waited).toEqual([3000])
  })

  it('stays open when no answer comes, and nothing else is sent in its place', async () => {
    outcomes = Array.from({ length: 5 }, () => lost)
    const i = intent()
    await expect(i.run(520)).rejects.toBe(lost)
    expect(i.open).toBe(520)
    expect(await i.run(188)).toBe('paid')
    expect(sent.every((s) => s.body === 520 && s.key === 'k1')).toBe(true)
    expect(i.open).toBeNull()
    await i.run(188)
    expect(sent.at(-1)).toEqual({ body: 188, key: 'k2' })
  })

  it('stays open through refusals that answer only for themselves', async () => {
    outcomes = [...Array.from({ length: 5 }, () => lost), fast, fast, fast, fast, fast, signedOut, broke]
    const i = intent()
    await expect(i.run(520)).rejects.toBe(lost)
    await expect(i.run(520)).rejects.toBe(fast)
    await expect(i.run(520)).rejects.toBe(signedOut)
    expect(i.open).toBe(520)
    await expect(i.run(520)).rejects.toBe(broke) // the answer of its key
    expect(i.open).toBeNull()
    expect(new Set(sent.map((s) => s.key))).toEqual(new Set(['k1']))
  })

  it('is settled by a refusal of the first sending, which came before anything was done', async () => {
    outcomes = [fast]
    const i = intent()
    await expect(i.run(520)).rejects.toBe(fast)
    expect(i.open).toBeNull()
    expect(waited).toEqual([])
  })

  it('is found again by the next page', async () => {
    outcomes = Array.from({ length: 5 }, () => lost)
    await expect(intent(intentStore('u1', 'tip')).run(520)).rejects.toBe(lost)
    expect(intent(intentStore('u2', 'tip')).open).toBeNull()
    const again = intent(intentStore('u1', 'tip'))
    expect(again.open).toBe(520)
    await again.run(520)
    expect(sent.at(-1)).toEqual({ body: 520, key: 'k1' })
    expect(intent(intentStore('u1', 'tip')).open).toBeNull()
  })

  it.each(['{', '7', 'null', '{"key":""}', '{"body":1}'])('takes no harm from %s in the store', (odd) => {
    localStorage.setItem('lifecircle.intent.u1.tip', odd)
    expect(intent(intentStore('u1', 'tip')).open).toBeNull()
  })
})
