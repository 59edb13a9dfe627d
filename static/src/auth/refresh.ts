// Rotating refresh tokens: each may be used once, a second use ends the
// session. The token is in a cookie that no script can read. So whatever
// changes the cookie (refreshing, signing in and out) is done one at a time,
// over all tabs of the browser.
import type { Session } from '../api/types'
import { Problem } from '../api/problem'

export interface StoredSession {
  user: { id: string; handle: string; displayName: string }
  /** Kept here by older versions of this page: moved into the cookie by the next refresh. */
  refreshToken?: string
}

/** What is known between visits of who is signed in; shared by all tabs. */
export interface SessionStore {
  read(): StoredSession | null
  write(s: StoredSession | null): void
  /** Whether somebody signed out and the server has not heard of it. */
  leaving: boolean
}

/** Runs one body at a time among all tabs. */
export type Lock = <T>(body: () => Promise<T>) => Promise<T>

export type RefreshOutcome =
  | { kind: 'renewed'; session: Session }
  | { kind: 'signed-out' } // another tab did
  | { kind: 'ended'; problem: Problem } // the server refused the token for good

export class Refresher {
  #running: Promise<RefreshOutcome> | null = null

  constructor(
    private readonly store: SessionStore,
    private readonly lock: Lock,
    private readonly request: (old: string | null) => Promise<Session>,
  ) {}

  /** Gets a new access token; calls made meanwhile share the answer. Throws what may pass, such as no network. */
  refresh(): Promise<RefreshOutcome> {
    this.#running ??= this.lock(() => this.#once()).finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #once(): Promise<RefreshOutcome> {
    const stored = this.store.read() // inside the lock: another tab may just have signed out
    if (stored === null) return { kind: 'signed-out' }
    try {
      const session = await this.request(stored.refreshToken ?? null)
      // A sign-out during the request wins; it waits for the lock to tell the server.
      if (this.store.read() === null) return { kind: 'signed-out' }
      this.store.write({ user: session.user })
      return { kind: 'renewed', session }
    } catch (cause) {
      if (!(cause instanceof Problem) || cause.temporary) throw cause
      this.store.write(null)
      return { kind: 'ended', problem: cause }
    }
  }
}

/** The browser's lock over all tabs; without one (plain http), a lock of this tab alone. */
export function browserLock(name: string, locks: LockManager | null = globalThis.navigator?.locks ?? null): Lock {
  if (locks !== null) return (body) => locks.request(name, body) as ReturnType<typeof body>
  let last: Promise<unknown> = Promise.resolve()
  return (body) => {
    const next = last.then(body, body)
    last = next.catch(() => undefined)
    return next
  }
}
