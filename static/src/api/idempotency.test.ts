import { describe, expect, it } from 'vitest'
import { Attempt, newKey } from './idempotency'
import { Problem } from './problem'

function numbered(): () => string {
  let n = 0
  return () => `key-${++n}`
}

describe('the key of an attempt', () => {
  const used: string[] = []
  const send = (outcome: Problem | null) => (key: string): Promise<string> => {
    used.push(key)
    return outcome === null ? Promise.resolve('done') : Promise.reject(outcome)
  }
  const lost = new Problem(0, 'network', '')
  const refused = new Problem(422, 'text_too_long', '')

  it('stays for retries of the same body, and changes with the body or the end', async () => {
    const a = new Attempt(numbered())
    await expect(a.run({ text: 'a' }, send(lost))).rejects.toBe(lost)
    await expect(a.run({ text: 'a' }, send(lost))).rejects.toBe(lost)
    await a.run({ text: 'a' }, send(null))
    await a.run({ text: 'a' }, send(null)) // the same words again, on purpose
    await expect(a.run({ text: 'b' }, send(refused))).rejects.toBe(refused)
    await a.run({ text: 'b' }, send(null))
    expect(used).toEqual(['key-1', 'key-1', 'key-1', 'key-2', 'key-3', 'key-4'])
  })

  it('is random', () => {
    expect(newKey()).not.toBe(newKey())
    expect(newKey()).toMatch(/^[0-9a-f-]{32,36}$/)
  })
})
