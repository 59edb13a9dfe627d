// Who is signed in, and the access token for the next request.
import { asProblem, type Problem } from '../api/problem'
import type { Author, Session } from '../api/types'
import { browserLock, Refresher, type SessionStore } from './refresh'
import { parseStored, sessionKey } from './store'

const renewBeforeMs = 30_000 // a token this near its end is renewed first

interface AccessToken {
  value: string
  expiresAt: number // ms
}

export class SessionState {
  user = $state.raw<Author | null>(null)
  /** Why the session ended without being asked to; shown once. */
  ended = $state.raw<Problem | null>(null)

  #token: AccessToken | null = null
  readonly #refresher: Refresher

  constructor(
    private readonly store: SessionStore,
    request: (refreshToken: string) => Promise<Session>,
  ) {
    this.#refresher = new Refresher(store, browserLock('lifecircle.refresh'), request)
    this.user = store.read()?.user ?? null
  }

  signedIn(s: Session): void {
    this.ended = null
    this.store.write({ user: s.user, refreshToken: s.refreshToken })
    this.#adopt(s)
  }

  /** Forgets the session here; gives its refresh token, to be revoked. */
  signOut(): string | null {
    const token = this.store.read()?.refreshToken ?? null
    this.store.write(null)
    this.#forget()
    return token
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
    target.addEventListener('storage', onStorage)
    return () => target.removeEventListener('storage', onStorage)
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
