// Addresses and the screens they name. Pure.

export type Route =
  | { name: 'home' }
  | { name: 'circles'; tag: string; sort: 'top' | 'new' }
  | { name: 'new-circle'; parent: string }
  | { name: 'circle'; id: string }
  | { name: 'rules'; id: string }
  | { name: 'post'; id: string }
  | { name: 'person'; id: string }
  | { name: 'sign-in'; register: boolean; next: string }
  | { name: 'me' }
  | { name: 'settings' }
  | { name: 'verifications' }
  | { name: 'contacts' }
  | { name: 'credit' }
  | { name: 'wallet'; topup: string; add: number | null }
  | { name: 'unknown' }

/** Reads a path and query, such as "/circles/abc" or "/circles?tag=tea". */
export function parseRoute(pathname: string, search: string): Route {
  const parts = pathname.split('/').filter(Boolean).map(decoded)
  const query = new URLSearchParams(search)
  const [first, id, third, fourth] = parts
  if (first === undefined) return { name: 'home' }
  if (parts.length === 1) return single(first, query)
  if (first === 'circles' && id === 'new' && parts.length === 2) return { name: 'new-circle', parent: query.get('parent') ?? '' }
  if (first === 'circles' && id !== undefined && parts.length === 2) return { name: 'circle', id }
  if (first === 'circles' && id !== undefined && third === 'rules' && parts.length === 3) return { name: 'rules', id }
  if (first === 'circles' && third === 'posts' && fourth !== undefined && parts.length === 4) return { name: 'post', id: fourth }
  if (first === 'posts' && id !== undefined && parts.length === 2) return { name: 'post', id }
  if (first === 'me' && id === 'verifications' && parts.length === 2) return { name: 'verifications' }
  if (first === 'me' && id === 'contacts' && parts.length === 2) return { name: 'contacts' }
  if (first === 'users' && id !== undefined && parts.length === 2) return { name: 'person', id }
  return { name: 'unknown' }
}

function single(first: string, query: URLSearchParams): Route {
  switch (first) {
    case 'circles':
      return { name: 'circles', tag: query.get('tag') ?? '', sort: query.get('sort') === 'new' ? 'new' : 'top' }
    case 'signin':
      return { name: 'sign-in', register: false, next: localPath(query.get('next')) }
    case 'signup':
      return { name: 'sign-in', register: true, next: localPath(query.get('next')) }
    case 'me':
      return { name: 'me' }
    case 'settings':
      return { name: 'settings' }
    case 'credit':
      return { name: 'credit' }
    case 'wallet':
      return { name: 'wallet', topup: query.get('topup') ?? '', add: wholeNumber(query.get('add')) }
    default:
      return { name: 'unknown' }
  }
}

function wholeNumber(s: string | null): number | null {
  return s !== null && /^[1-9]\d{0,11}$/.test(s) ? Number.parseInt(s, 10) : null
}

/** Only a path of this site may be a destination: never another host's. */
function localPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : '/'
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const segment = encodeURIComponent

export const paths = {
  home: '/',
  me: '/me',
  settings: '/settings',
  verifications: '/me/verifications',
  contacts: '/me/contacts',
  credit: '/credit',
  wallet: '/wallet',
  /** The wallet, with so many fen to top up by. */
  addToWallet: (fen: number): string => `/wallet?add=${fen}`,
  topUp: (id: string): string => `/wallet?topup=${segment(id)}`,
  circles: (tag = '', sort: 'top' | 'new' = 'top'): string => {
    const query = new URLSearchParams()
    if (tag !== '') query.set('tag', tag)
    if (sort !== 'top') query.set('sort', sort)
    return query.size > 0 ? `/circles?${query}` : '/circles'
  },
  newCircle: (parent = ''): string => (parent === '' ? '/circles/new' : `/circles/new?parent=${segment(parent)}`),
  circle: (id: string): string => `/circles/${segment(id)}`,
  rules: (id: string): string => `/circles/${segment(id)}/rules`,
  post: (id: string): string => `/posts/${segment(id)}`,
  person: (id: string): string => `/users/${segment(id)}`,
  signIn: (next: string): string => `/signin?next=${segment(next)}`,
  signUp: (next: string): string => `/signup?next=${segment(next)}`,
}
