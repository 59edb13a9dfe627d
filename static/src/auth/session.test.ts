import { describe, expect, it } from 'vitest'
import { Problem } from '../api/problem'
import type { Session } from '../api/types'
import type { SessionStore, StoredSession } from './refresh'
import { authorizedFetch, SessionState } from './session.svelte'

const user = { id: 'u', handle: 'ann', displayName: 'Ann' }
const session = (n: number): Session => ({ user, accessToken: `a${n}`, refreshToken: `r${n}`, expiresInSeconds: 900 })

function memoryStore(): SessionStore {
  let held: StoredSession | null = null
  return { read: () => held, write: (s) => { held = s } }
}

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
    const state = new SessionState(memoryStore(), async () => { refreshes++; return session(2) })
    state.signedIn(session(1))
    const seen: string[] = []
    const send = authorizedFetch(state, guarded('a2', seen))
    const answers = await Promise.all([send(request()), send(request()), send(request())])
    expect(answers.map((a) => a.status)).toEqual([200, 200, 200])
    expect(refreshes).toBe(1)
  })

  it('goes without a token for a guest', async () => {
    const seen: string[] = []
    const state = new SessionState(memoryStore(), () => Promise.reject(new Error('never')))
    await authorizedFetch(state, guarded('x', seen))(request())
    expect(seen).toEqual(['none'])
  })

  it('ends the session with its reason when the refresh token was used before', async () => {
    const reused = new Problem(401, 'refresh_token_reused', '')
    const state = new SessionState(memoryStore(), () => Promise.reject(reused))
    state.signedIn(session(1))
    const answer = await authorizedFetch(state, guarded('none', []))(request())
    expect(answer.status).toBe(401)
    expect(state.user).toBeNull()
    expect(state.ended).toBe(reused)
  })
})
