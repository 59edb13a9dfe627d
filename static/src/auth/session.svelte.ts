// Who is signed in, and the access token for the next request, which is kept
// in memory only.
import { asProblem, type Problem } from '../api/problem'
import type { Author, Session } from '../api/types'
import { browserLock, Refresher, type Lock, type SessionStore } from './refresh'
import { parseStored, sessionKey } from './store'

const renewBeforeMs = 30_000 // a token this near its end is renewed first

interface AccessToken {
  value: string
  expiresAt: number // ms
}

/** The calls that set or read the session's cookie. */
export interface SessionCalls {
  /** `old`: a token that is not in the cookie yet. */
  refresh(old: string | null): Promise<Session>
  logout(old: string | null): Promise<void>
}

export class SessionState {
  user = $state.raw<Author | null>(null)
  /** Why the session ended without being asked to; shown once. */
  ended = $state.raw<Problem | null>(null)

  #token: AccessToken | null = null
  readonly #lock: Lock = browserLock('lifecircle.refresh')
  readonly #refresher: Refresher

  constructor(
    private readonly store: SessionStore,
    private readonly calls: SessionCalls,
  ) {
    this.#refresher = new Refresher(store, this.#lock, (old) => calls.refresh(old))
    this.user = store.read()?.user ?? null
  }

  /** Sends a request that sets the session's cookie, while no tab sends another one. */
  alone<T>(request: () => Promise<T>): Promise<T> {
    return this.#lock(request)
  }

  signedIn(s: Session): void {
    this.ended = null
    this.store.leaving = false // the cookie of before is gone
    this.store.write({ user: s.user })
    this.#adopt(s)
  }

  /** Forgets the session here at once, and tells the server, now or when it can be reached. */
  async signOut(): Promise<void> {
    const old = this.store.read()?.refreshToken ?? null
    this.store.leaving = true
    this.store.write(null)
    this.#forget()
    await this.leave(old)
  }

  /** Forgets a session that the server has ended already. */
  gone(): void {
    this.store.write(null)
    this.#forget()
  }

  /** Tells the server of a sign-out that it has not heard of. */
  async leave(old: string | null = null): Promise<void> {
    if (!this.store.leaving) return
    await this.#lock(async () => {
      if (!this.store.leaving) return // somebody signed in, or another tab told it
      try {
        await this.calls.logout(old)
      } catch (cause) {
        if (asProblem(cause).temporary) return // told at the next visit, or when the network is back
      }
      this.store.leaving = false
    })
  }

  rename(user: Author): void {
    const stored = this.store.read()
    if (stored === null || stored.user.id !== user.id) return
    this.store.write({ ...stored, user })
    this.user = user
  }

  /** An access token that is good now; null for a guest. Throws while there is no network. */
  async accessToken(): Promise<string | null> {
    if (this.user === null) return null
    if (this.#token !== null && this.#token.expiresAt - renewBeforeMs > Date.now()) return this.#token.value
    return this.renew(this.#token?.value ?? null)
  }

  /** A token other than the refused one; null if the session has ended. */
  async renew(refused: string | null): Promise<string | null> {
    if (this.#token !== null && this.#token.value !== refused) return this.#token.value
    const outcome = await this.#refresher.refresh()
    if (outcome.kind === 'renewed') {
      this.#adopt(outcome.session)
      return outcome.session.accessToken
    }
    if (outcome.kind === 'ended' && this.user !== null) this.ended = outcome.problem
    this.#forget()
    return null
  }

  /** Follows what other tabs do. */
  follow(target: EventTarget): () => void {
    const onStorage = (e: Event): void => {
      const { key, newValue } = e as StorageEvent
      if (key !== sessionKey && key !== null) return
      const stored = parseStored(newValue)
      if (stored?.user.id === this.user?.id) return
      this.#token = null
      this.user = stored?.user ?? null
    }
    const onOnline = (): void => void this.leave()
    target.addEventListener('storage', onStorage)
    target.addEventListener('online', onOnline)
    void this.leave()
    return () => {
      target.removeEventListener('storage', onStorage)
      target.removeEventListener('online', onOnline)
    }
  }

  #adopt(s: Session): void {
    this.#token = { value: s.accessToken, expiresAt: Date.now() + s.expiresInSeconds * 1000 }
    if (this.user?.id !== s.user.id || this.user.displayName !== s.user.displayName) this.user = s.user
  }

  #forget(): void {
    this.#token = null
    this.user = this.store.read()?.user ?? null // another tab may have signed in meanwhile
  }
}

/** Sends a request with the session's token, once more with a new one if that was refused. */
export function authorizedFetch(session: SessionState, send: typeof fetch = fetch) {
  return async (request: Request): Promise<Response> => {
    const token = await session.accessToken().catch((cause: unknown) => {
      throw asProblem(cause)
    })
    if (token === null) return send(request)
    const again = request.clone()
    const answer = await send(withToken(request, token))
    if (answer.status !== 401) return answer
    const fresh = await session.renew(token)
    return fresh === null ? answer : send(withToken(again, fresh))
  }
}

function withToken(request: Request, token: string): Request {
  request.headers.set('Authorization', `Bearer ${token}`)
  return request
}
