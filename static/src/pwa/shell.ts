// Which requests the service worker answers, and from where. Pure.
import { parseRoute } from '../routing/routes'

/** A version of the page: its files, as paths, and a name that changes with them. */
export interface Shell {
  version: string
  files: readonly string[]
}

/**
 * Where the answer to a request comes from: `page` is index.html of the
 * version that is here, `file` a file of a version that is here, and everything
 * else, the API before all, is between the page and the server.
 */
export type Road = 'page' | 'file' | 'network'

export function roadOf(request: { method: string; mode: string; url: string }, shell: Shell, origin: string): Road {
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== origin) return 'network'
  if (request.mode === 'navigate') return parseRoute(url.pathname, url.search).name === 'unknown' || reserved.has(url.pathname) ? 'network' : 'page'
  if (url.pathname.startsWith('/assets/')) return 'file' // of this version or one before: the name has the hash
  return url.pathname !== '/index.html' && shell.files.includes(url.pathname) ? 'file' : 'network'
}

/** Addresses of the server that look like ours. */
const reserved: ReadonlySet<string> = new Set(['/docs', '/docs/'])

const prefix = 'lifecircle-'
export const cacheName = (shell: Shell): string => prefix + shell.version

/** Caches to delete: all of ours but this version's and the one before, whose pages may still be open. `names` are oldest first. */
export function outdated(names: readonly string[], shell: Shell): string[] {
  const others = names.filter((n) => n.startsWith(prefix) && n !== cacheName(shell))
  return others.slice(0, -1)
}
