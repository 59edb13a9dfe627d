// The current screen, kept in the browser's history.
import { parseRoute, type Route } from './routes'

export class Router {
  route = $state.raw<Route>(parseRoute(location.pathname, location.search))
  /** Path and query, for "come back here after signing in". */
  here = $state.raw(location.pathname + location.search)

  /** Another one is another screen: the query only chooses what it shows. */
  get path(): string {
    return this.here.split('?')[0] ?? ''
  }

  go(path: string, replace = false): void {
    if (path === this.here) {
      scrollTo(0, 0)
      return
    }
    if (replace) history.replaceState(null, '', path)
    else history.pushState(null, '', path)
    this.#read()
    scrollTo(0, 0)
  }

  /** Follows back and forward, and plain clicks on links of this site. */
  listen(): () => void {
    const onPop = (): void => this.#read()
    const onClick = (e: MouseEvent): void => this.#follow(e)
    addEventListener('popstate', onPop)
    document.addEventListener('click', onClick)
    return () => {
      removeEventListener('popstate', onPop)
      document.removeEventListener('click', onClick)
    }
  }

  #follow(e: MouseEvent): void {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    const link = e.target instanceof Element ? e.target.closest('a[href]') : null
    if (!(link instanceof HTMLAnchorElement) || link.target !== '' || link.origin !== location.origin) return
    if (link.hash !== '' && link.pathname === location.pathname) return
    e.preventDefault()
    this.go(link.pathname + link.search)
  }

  #read(): void {
    this.here = location.pathname + location.search
    this.route = parseRoute(location.pathname, location.search)
  }
}
