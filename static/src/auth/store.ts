// The session in localStorage. Only the refresh token and the name are kept;
// the access token lives in memory.
import { fields, text } from '../api/read'
import type { SessionStore, StoredSession } from './refresh'

export const sessionKey = 'lifecircle.session'

export function parseStored(json: string | null): StoredSession | null {
  if (json === null) return null
  try {
    const f = fields(JSON.parse(json))
    const user = fields(f['user'])
    const refreshToken = text(f['refreshToken'])
    const id = text(user['id'])
    if (refreshToken === '' || id === '') return null
    return { refreshToken, user: { id, handle: text(user['handle']), displayName: text(user['displayName']) } }
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
}
