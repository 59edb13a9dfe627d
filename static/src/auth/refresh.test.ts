import { describe, expect, it } from 'vitest'
import { Problem } from '../api/problem'
import type { Session } from '../api/types'
import { browserLock, Refresher, type Lock, type SessionStore, type StoredSession } from './refresh'
import { parseStored } from './store'

const user = { id: 'u', handle: 'ann', displayName: 'Ann' }

function memoryStore(token: string | null): SessionStore {
  let held: StoredSession | null = token === null ? null : { user, refreshToken: token }
  return { read: () => held, write: (s) => { held = s } }
}

/** A server that rotates, and ends the session when a token comes twice. */
function server() {
  const used = new Set<string>()
  let n = 0
  return {
    calls: 0,
    async refresh(token: string): Promise<Session> {
      this.calls++
      await Promise.resolve()
      if (used.has(token)) throw new Problem(401, 'refresh_token_reused', '')
      used.add(token)
      return { user, accessToken: `access-${++n}`, refreshToken: `refresh-${n}`, expiresInSeconds: 900 }
    },
  }
}

const tab = (store: SessionStore, lock: Lock, s: ReturnType<typeof server>) => new Refresher(store, lock, (t) => s.refresh(t))

describe('refreshing', () => {
  it('is one request for all who ask at once', async () => {
    const s = server()
    const r = tab(memoryStore('refresh-0'), browserLock('x', null), s)
    const outcomes = await Promise.all([r.refresh(), r.refresh(), r.refresh()])
    expect(s.calls).toBe(1)
    expect(new Set(outcomes).size).toBe(1)
  })

  it('never uses a token twice, over many tabs with one lock', async () => {
    const s = server()
    const store = memoryStore('refresh-0')
    const lock = browserLock('x', null)
    const tabs = Array.from({ length: 5 }, () => tab(store, lock, s))
    const outcomes = await Promise.all(tabs.map((t) => t.refresh()))
    expect(outcomes.map((o) => o.kind)).toEqual(Array(5).fill('renewed'))
    expect(store.read()?.refreshToken).toBe('refresh-5')
  })

  it('ends the session when the server has ended it', async () => {
    const s = server()
    await s.refresh('stolen')
    const store = memoryStore('stolen')
    const outcome = await tab(store, browserLock('x', null), s).refresh()
    expect(outcome).toMatchObject({ kind: 'ended', problem: { code: 'refresh_token_reused' } })
    expect(store.read()).toBeNull()
  })

  it('keeps the session when only the network failed', async () => {
    const store = memoryStore('refresh-0')
    const r = new Refresher(store, browserLock('x', null), () => Promise.reject(new Problem(0, 'network', '')))
    await expect(r.refresh()).rejects.toMatchObject({ code: 'network' })
    expect(store.read()?.refreshToken).toBe('refresh-0')
  })

  it('does not undo a sign-out that came meanwhile', async () => {
    const store = memoryStore('refresh-0')
    const s = server()
    const r = new Refresher(store, browserLock('x', null), (t) => { store.write(null); return s.refresh(t) })
    expect((await r.refresh()).kind).toBe('signed-out')
    expect(store.read()).toBeNull()
  })
})

describe('the stored session', () => {
  it.each([null, '', '{', 'null', '[]', '{"refreshToken":""}', '{"refreshToken":"r"}'])('is none in %j', (json) => {
    expect(parseStored(json)).toBeNull()
  })
})
