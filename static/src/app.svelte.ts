// The parts of the page, built once and handed to the screens by context.
import { getContext, setContext } from 'svelte'
import { openApi, viewerApi, type OpenApi, type ViewerApi } from './api/api'
import { Intent, intentStore } from './api/intent.svelte'
import { defaultLimits } from './api/limits'
import { moneyApi, type MoneyApi } from './api/money-api'
import { asProblem, Problem, problemText } from './api/problem'
import { rightsApi, type RightsApi } from './api/rights-api'
import type { Limits } from './api/types'
import { authorizedFetch, SessionState } from './auth/session.svelte'
import { browserLock } from './auth/refresh'
import { localStore } from './auth/store'
import { Drafts } from './drafts/drafts'
import { I18n } from './i18n/i18n.svelte'
import type { Language } from './i18n/language'
import { Live } from './live/live.svelte'
import { Outbox } from './outbox/outbox.svelte'
import { forgetPhotos } from './outbox/edit'
import { sendEntry } from './outbox/send'
import { openOutbox } from './outbox/store'
import { Version } from './pwa/version.svelte'
import { Router } from './routing/router.svelte'
import { WalletState } from './wallet/wallet.svelte'

const clockTickMs = 30_000
const noticeMs = 6_000
const gatherMs = 100 // a changed score is several pieces of news

const rightsHints: readonly string[] = ['can.updated', 'score.updated', 'notification.created']

export interface Notice {
  id: number
  text: string
}

export class App {
  readonly i18n = new I18n()
  readonly router = new Router()
  readonly version = new Version()
  readonly open: OpenApi = openApi((request) => fetch(request))
  readonly drafts = new Drafts(localStorage)
  readonly session = new SessionState(localStore, this.open)
  /** Sends a request as whoever is signed in. */
  readonly send = authorizedFetch(this.session)
  readonly api: ViewerApi = viewerApi(this.send)
  readonly money: MoneyApi = moneyApi(authorizedFetch(this.session))
  readonly rights: RightsApi = rightsApi(authorizedFetch(this.session))
  readonly wallet = new WalletState(() => this.money.wallet())
  readonly live = new Live({ endpoint: socketAddress(), token: () => this.session.accessToken() })
  /** What was done without a network, until it is sent. */
  readonly outbox = new Outbox({
    store: openOutbox,
    send: (entry) => sendEntry(this.api, entry),
    lock: browserLock('lifecircle.outbox'),
    offline: () => this.offline,
    channel: typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('lifecircle.outbox'),
  })
  limits = $state.raw<Limits>(defaultLimits)
  /** Whether the browser says that there is a network. */
  #network = $state(navigator.onLine)
  /** The time that "3m ago" is counted from. */
  now = $state(Date.now())
  /** What the screen is about, for the title of the window. */
  heading = $state('')
  notices = $state.raw<readonly Notice[]>([])
  /** Rises when the viewer's rights, or what they follow from, may have changed. */
  rightsNews = $state(0)
  #rightsTimer: ReturnType<typeof setTimeout> | undefined
  #heard = false // from the socket, since it belongs to this viewer
  #noticeId = 0
  readonly #intents = new Map<string, unknown>()

  /** Starts what runs as long as the page; gives the way to end it. */
  start(): () => void {
    const news = this.live.listen((hint) => this.#hear(hint))
    const photos = this.outbox.listen(({ entry }) => {
      if (!this.outbox.entries.some((e) => e.key === entry.key)) void forgetPhotos(entry)
    })
    const ends = [this.router.listen(), this.session.follow(window), this.version.start(), news, photos, this.#followNetwork()]
    const timer = setInterval(() => { this.now = Date.now() }, clockTickMs)
    this.open.limits().then((l) => { this.limits = l }, () => undefined) // the defaults hold
    return () => {
      clearInterval(timer)
      clearTimeout(this.#rightsTimer)
      for (const end of ends) end()
      this.live.close()
    }
  }

  /** Whether the connection is known to be lost. */
  get offline(): boolean {
    const link = this.live.state
    return !this.#network || (link.name === 'offline' && !link.refused)
  }

  #followNetwork(): () => void {
    const look = (): void => {
      this.#network = navigator.onLine
      if (this.#network) void this.outbox.wake()
    }
    addEventListener('online', look)
    addEventListener('offline', look)
    return () => {
      removeEventListener('online', look)
      removeEventListener('offline', look)
    }
  }

  /** Connects the socket as somebody, or as a guest. */
  connectAs(signedIn: boolean): void {
    this.#heard = false
    this.live.connectAs(signedIn)
  }

  /** The viewer's rights may be others: what shows them reads again, once for several pieces of news. */
  rightsChanged(): void {
    clearTimeout(this.#rightsTimer)
    this.#rightsTimer = setTimeout(() => { this.rightsNews++ }, gatherMs)
  }

  #hear(hint: string): void {
    if (hint === '') void this.outbox.wake() // connected
    if (hint === '' || hint === 'wallet.updated') this.wallet.changed()
    // What is on screen at the first connect was read just now.
    if (rightsHints.includes(hint) || (hint === '' && this.#heard)) this.rightsChanged()
    this.#heard = true
  }

  /** Names the screen for as long as it is there, as an effect. */
  titled(heading: string): () => void {
    this.heading = heading
    return () => { this.heading = '' }
  }

  /** What the signed-in person wants paid: the same one however often a screen asks, so that it is paid once. */
  intent<B, A>(what: string, send: (body: B, key: string) => Promise<A>): Intent<B, A> {
    const user = this.session.user?.id ?? ''
    const name = `${user}.${what}`
    const known = this.#intents.get(name) as Intent<B, A> | undefined
    if (known !== undefined) return known
    const intent = new Intent(send, { store: intentStore(user, what) })
    this.#intents.set(name, intent)
    return intent
  }

  /** Says something at the edge of the screen, for a while. */
  notify(text: string): void {
    const id = ++this.#noticeId
    this.notices = [...this.notices.slice(-2), { id, text }]
    setTimeout(() => this.dismiss(id), noticeMs)
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((n) => n.id !== id)
  }

  /** Says why something did not work. */
  complain(cause: unknown): void {
    this.notify(this.explain(cause))
  }

  explain(cause: unknown): string {
    return problemText(asProblem(cause), this.i18n.t)
  }

  /** Speaks another language, or says why not. */
  async speak(language: Language): Promise<void> {
    await this.i18n.speak(language).catch(() => this.complain(new Problem(0, 'network', '')))
  }

  async signOut(): Promise<void> {
    const left = this.session.signOut()
    this.router.go('/')
    await left
  }

  /** Ends the sessions of all devices, this one's too. Throws when the server cannot be told. */
  async signOutEverywhere(): Promise<void> {
    await this.api.signOutEverywhere()
    this.session.gone()
    this.router.go('/')
  }
}

function socketAddress(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/connection/websocket`
}

const key = Symbol('app')

export function provideApp(app: App): App {
  return setContext(key, app)
}
/** The same for a part that is mounted alone. */
export function appContext(app: App): Map<symbol, App> {
  return new Map([[key, app]])
}
export function useApp(): App {
  return getContext<App>(key)
}
