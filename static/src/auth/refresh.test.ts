import { describe, expect, it } from 'vitest'
import { Problem } from '../api/problem'
import type { Session } from '../api/types'
import { browserLock, Refresher, type Lock, type SessionStore, type StoredSession } from './refresh'
import { localStore, parseStored } from './store'

const user = { id: 'u', handle: 'ann', displayName: 'Ann' }

/** What the tabs of one browser share: who is signed in, and the cookie, which no tab can read. */
function memoryStore(signedIn = true): SessionStore {
  let held: StoredSession | null = signedIn ? { user } : null
  return { leaving: false, read: () => held, write: (s) => { held = s } }
}

/** A server that rotates, and ends the session when a token comes twice. */
function server() {
  const used = new Set<string>()
  let n = 0
  return {
    calls: 0,
    cookie: 'refresh-0',
    async refresh(old: string | null): Promise<Session> {
      this.calls++
      const token = old ?? this.cookie
      await Promise.resolve()
      if (used.has(token)) throw new Problem(401, 'refresh_token_reused', '')
      used.add(token)
      await Promise.resolve()
      this.cookie = `refresh-${++n}`
      return { user, accessToken: `access-${n}`, expiresInSeconds: 900 }
    },
  }
}

const tab = (store: SessionStore, lock: Lock, s: ReturnType<typeof server>) => new Refresher(store, lock, (old) => s.refresh(old))

describe('refreshing', () => {
  it('is one request for all who ask at once', async () => {
    const s = server()
    const r = tab(memoryStore(), browserLock('x', null), s)
    const outcomes = await Promise.all([r.refresh(), r.refresh(), r.refresh()])
    expect(s.calls).toBe(1)
    expect(new Set(outcomes).size).toBe(1)
  })

  it('never uses a token twice, over many tabs with one lock', async () => {
    const s = server()
    const store = memoryStore()
    const lock = browserLock('x', null)
    const tabs = Array.from({ length: 5 }, () => tab(store, lock, s))
    const outcomes = await Promise.all(tabs.map((t) => t.refresh()))
    expect(outcomes.map((o) => o.kind)).toEqual(Array(5).fill('renewed'))
    expect(s.cookie).toBe('refresh-5')
  })

  it('ends the session when the server has ended it', async () => {
    const s = server()
    await s.refresh('stolen')
    s.cookie = 'stolen'
    const store = memoryStore()
    const outcome = await tab(store, browserLock('x', null), s).refresh()
    expect(outcome).toMatchObject({ kind: 'ended', problem: { code: 'refresh_token_reused' } })
    expect(store.read()).toBeNull()
  })

  it('keeps the session when only the network failed', async () => {
    const store = memoryStore()
    const r = new Refresher(store, browserLock('x', null), () => Promise.reject(new Problem(0, 'network', '')))
    await expect(r.refresh()).rejects.toMatchObject({ code: 'network' })
    expect(store.read()).toEqual({ user })
  })

  it('does not undo a sign-out that came meanwhile', async () => {
    const store = memoryStore()
    const s = server()
    const r = new Refresher(store, browserLock('x', null), (old) => { store.write(null); return s.refresh(old) })
    expect((await r.refresh()).kind).toBe('signed-out')
    expect(store.read()).toBeNull()
  })
})

describe('a token that an older page kept', () => {
  it('is sent once, and kept no more', async () => {
    const store = memoryStore()
    store.write({ user, refreshToken: 'old' })
    const sent: (string | null)[] = []
    const r = new Refresher(store, browserLock('x', null), async (old) => {
      sent.push(old)
      return { user, accessToken: 'a', expiresInSeconds: 900 }
    })
    await r.refresh()
    await r.refresh()
    expect(sent).toEqual(['old', null])
    expect(store.read()).toEqual({ user })
  })
})

describe('the stored session', () => {
  it('holds no token', () => {
    localStore.write({ user })
    expect(Object.values({ ...localStorage }).join()).not.toMatch(/token/i)
    expect(localStore.read()).toEqual({ user })
    localStore.write(null)
  })

  it.each([null, '', '{', 'null', '[]', '{"refreshToken":""}', '{"refreshToken":"r"}'])('is none in %j', (json) => {
    expect(parseStored(json)).toBeNull()
  })
})
