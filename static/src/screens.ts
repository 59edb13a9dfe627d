// Which screen shows a route. The code of each is fetched when it is opened.
import type { Component } from 'svelte'
import type { Route } from './routing/routes'

export interface Screen {
  /** Another key is another screen; under the same one only what is given changes. */
  key: string
  load: () => Promise<{ default: Component<Record<string, unknown>> }>
  given: Record<string, unknown>
}

/** Holds what is given to what the screen takes. */
function screen<P extends Record<string, unknown>>(key: string, load: () => Promise<{ default: Component<P> }>, given: P): Screen {
  return { key, load: load as unknown as Screen['load'], given }
}

type None = Record<string, never>
const bare = (key: string, load: () => Promise<{ default: Component<None> }>): Screen => screen(key, load, {})

export function screenOf(r: Route): Screen {
  switch (r.name) {
    case 'home':
      return bare('home', () => import('./pages/Home.svelte'))
    case 'circles':
      return screen('circles', () => import('./pages/Circles.svelte'), { tag: r.tag, sort: r.sort })
    case 'new-circle':
      return screen('new-circle', () => import('./pages/NewCircle.svelte'), { parent: r.parent })
    case 'circle':
      return screen(`circle ${r.id}`, () => import('./pages/Circle.svelte'), { id: r.id })
    case 'rules':
      return screen(`rules ${r.id}`, () => import('./pages/Rules.svelte'), { id: r.id })
    case 'post':
      return screen(`post ${r.id}`, () => import('./pages/Post.svelte'), { id: r.id })
    case 'person':
      return screen(`person ${r.id}`, () => import('./pages/Person.svelte'), { id: r.id })
    case 'sign-in':
      return screen(`sign-in ${r.register}`, () => import('./pages/SignIn.svelte'), { register: r.register, next: r.next })
    case 'me':
      return bare('me', () => import('./pages/Me.svelte'))
    case 'settings':
      return bare('settings', () => import('./pages/Settings.svelte'))
    case 'verifications':
      return bare('verifications', () => import('./pages/Verifications.svelte'))
    case 'contacts':
      return bare('contacts', () => import('./pages/Contacts.svelte'))
    case 'credit':
      return bare('credit', () => import('./pages/Credit.svelte'))
    case 'wallet':
      return screen('wallet', () => import('./pages/Wallet.svelte'), { topup: r.topup, add: r.add })
    case 'unknown':
      return bare('unknown', () => import('./pages/NotFound.svelte'))
  }
}
