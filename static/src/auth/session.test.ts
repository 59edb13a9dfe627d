import { describe, expect, it } from 'vitest'
import { Problem } from '../api/problem'
import type { Session } from '../api/types'
import type { SessionStore, StoredSession } from './refresh'
import { authorizedFetch, SessionState, type SessionCalls } from './session.svelte'

const user = { id: 'u', handle: 'ann', displayName: 'Ann' }
const session = (n: number): Session => ({ user, accessToken: `a${n}`, expiresInSeconds: 900 })

function memoryStore(): SessionStore {
  let held: StoredSession | null = null
  return { leaving: false, read: () => held, write: (s) => { held = s } }
}

const calls = (refresh: SessionCalls['refresh'], logout: SessionCalls['logout'] = async () => undefined): SessionCalls => ({ refresh, logout })
const never = (): Promise<never> => Promise.reject(new Error('never'))

/** Answers 401 to every token but the one given. */
function guarded(good: string, seen: string[]): typeof fetch {
  return async (input) => {
    const token = (input as Request).headers.get('Authorization') ?? 'none'
    seen.push(token)
    return new Response(null, { status: token === `Bearer ${good}` ? 200 : 401 })
  }
}
const request = (): Request => new Request('http://x.test/v1/me')

describe('a request of the session', () => {
  it('goes once more with a new token after a refusal, and all share the refresh', async () => {
    let refreshes = 0
    const state = new SessionState(memoryStore(), calls(async () => { refreshes++; return session(2) }))
    state.signedIn(session(1))
    const seen: string[] = []
    const send = authorizedFetch(state, guarded('a2', seen))
    const answers = await Promise.all([send(request()), send(request()), send(request())])
    expect(answers.map((a) => a.status)).toEqual([200, 200, 200])
    expect(refreshes).toBe(1)
  })

  it('goes without a token for a guest', async () => {
    const seen: string[] = []
    const state = new SessionState(memoryStore(), calls(() => Promise.reject(new Error('never'))))
    await authorizedFetch(state, guarded('x', seen))(request())
    expect(seen).toEqual(['none'])
  })

  it('ends the session with its reason when the refresh token was used before', async () => {
    const reused = new Problem(401, 'refresh_token_reused', '')
    const state = new SessionState(memoryStore(), calls(() => Promise.reject(reused)))
    state.signedIn(session(1))
    const answer = await authorizedFetch(state, guarded('none', []))(request())
    expect(answer.status).toBe(401)
    expect(state.user).toBeNull()
    expect(state.ended).toBe(reused)
  })
})

describe('signing out', () => {
  const away = new Problem(0, 'network', '')

  it('is done here at once, and told when the network is back', async () => {
    let reachable = false
    let told = 0
    const store = memoryStore()
    const state = new SessionState(store, calls(never, async () => {
      if (!reachable) throw away
      told++
    }))
    state.signedIn(session(1))
    await state.signOut()
    expect([state.user, store.read(), store.leaving, told]).toEqual([null, null, true, 0])

    const network = new EventTarget()
    const end = state.follow(network) // a visit without network
    await state.alone(async () => undefined)
    expect(told).toBe(0)
    reachable = true
    network.dispatchEvent(new Event('online'))
    await state.alone(async () => undefined)
    expect([store.leaving, told]).toEqual([false, 1])
    end()
  })

  it('is not told late of somebody who signed in meanwhile', async () => {
    let told = 0
    const store = memoryStore()
    const state = new SessionState(store, calls(never, async () => {
      told++
      throw away
    }))
    state.signedIn(session(1))
    await state.signOut()
    state.signedIn(session(2))
    await state.leave()
    expect(told).toBe(1)
    expect(store.read()).toEqual({ user })
  })

  it('waits for a refresh that is under way, and then wins', async () => {
    const order: string[] = []
    let answer = (_: Session): void => undefined
    const store = memoryStore()
    const state = new SessionState(store, calls(
      () => new Promise((resolve) => { order.push('refresh'); answer = resolve }),
      async () => { order.push('logout') },
    ))
    state.signedIn(session(1))
    const renewed = state.renew('a1')
    while (order.length === 0) await Promise.resolve()
    const left = state.signOut()
    answer(session(2))
    expect(await renewed).toBeNull()
    await left
    expect(order).toEqual(['refresh', 'logout'])
    expect([state.user, store.read()]).toEqual([null, null])
  })
})
