// What is kept of the session in localStorage: who is signed in, so that the
// page can begin with it. No token: that one is in a cookie, see refresh.ts.
import { fields, text } from '../api/read'
import type { SessionStore, StoredSession } from './refresh'

export const sessionKey = 'lifecircle.session'
const leavingKey = 'lifecircle.leaving'

export function parseStored(json: string | null): StoredSession | null {
  if (json === null) return null
  try {
    const f = fields(JSON.parse(json))
    const user = fields(f['user'])
    const refreshToken = text(f['refreshToken'])
    const id = text(user['id'])
    if (id === '') return null
    const who = { id, handle: text(user['handle']), displayName: text(user['displayName']) }
    return refreshToken === '' ? { user: who } : { user: who, refreshToken }
  } catch {
    return null
  }
}

export const localStore: SessionStore = {
  read: () => parseStored(localStorage.getItem(sessionKey)),
  write: (s) => {
    if (s === null) localStorage.removeItem(sessionKey)
    else localStorage.setItem(sessionKey, JSON.stringify(s))
  },
  get leaving() {
    return localStorage.getItem(leavingKey) !== null
  },
  set leaving(so: boolean) {
    if (so) localStorage.setItem(leavingKey, '1')
    else localStorage.removeItem(leavingKey)
  },
}
