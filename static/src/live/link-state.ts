// What the page says of its connection. Pure: the SDK's events in, one honest
// state out. A first attempt is "connecting"; once it failed, or a working
// connection was lost, the page is "offline" until it is back.

export type LinkState =
  | { name: 'connecting' }
  | { name: 'connected'; backFrom: number | null }
  | { name: 'offline'; since: number; refused: boolean }

export type LinkEvent =
  | { type: 'connected' }
  | { type: 'lost' } // the SDK tries again
  | { type: 'refused' } // it does not
  | { type: 'restart' } // somebody else signed in: a new connection
  | { type: 'noted' } // the news of being back was shown long enough

export const firstLink: LinkState = { name: 'connecting' }

export function nextLink(s: LinkState, e: LinkEvent, now: number): LinkState {
  switch (e.type) {
    case 'connected':
      return { name: 'connected', backFrom: s.name === 'offline' ? s.since : null }
    case 'lost':
    case 'refused':
      return { name: 'offline', since: s.name === 'offline' ? s.since : now, refused: e.type === 'refused' }
    case 'restart':
      return s.name === 'offline' ? { ...s, refused: false } : firstLink
    case 'noted':
      return s.name === 'connected' ? { name: 'connected', backFrom: null } : s
  }
}
