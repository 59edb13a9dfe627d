// The socket: one connection of the SDK, and the circles that screens watch.
// Another person signing in means another connection; what is watched is
// watched again from where it was.
import { Centrifuge, type PublicationContext, type SubscribedContext, type Subscription } from 'centrifuge'
import { circleEvent, fields, joined, text } from '../api/read'
import type { CircleEvent, Position } from '../api/types'
import { firstLink, nextLink, type LinkEvent, type LinkState } from './link-state'

const backNoticeMs = 3_000
const maxReconnectDelayMs = 10_000

export interface CircleWatcher {
  event(e: CircleEvent): void
  /** News may have been missed: read again. */
  missed(): void
  /** The circle is no longer open to this viewer. */
  closed?(): void
}

interface Watch {
  circle: string
  since: Position | null
  watcher: CircleWatcher
  subscription: Subscription | null
}

export interface LiveOptions {
  endpoint: string
  /** A token for the one who is signed in; null if the session has ended. */
  token: () => Promise<string | null>
}

export class Live {
  state = $state.raw<LinkState>(firstLink)
  #client: Centrifuge | null = null
  readonly #watches = new Set<Watch>()
  readonly #listeners = new Set<(hint: string) => void>()
  #noticeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly options: LiveOptions) {}

  /** Connects as the signed-in person or as a guest, in place of the connection before. */
  connectAs(signedIn: boolean): void {
    this.#drop()
    this.#note({ type: 'restart' })
    const client = new Centrifuge(this.options.endpoint, {
      maxReconnectDelay: maxReconnectDelayMs,
      name: 'web',
      ...(signedIn ? { getToken: () => this.#token() } : {}),
    })
    client.on('connected', () => {
      this.#note({ type: 'connected' })
      this.#hint('') // hints cannot be recovered
    })
    client.on('publication', (c) => { if (c.channel.startsWith('user:')) this.#hint(text(fields(c.data)['type'])) })
    client.on('connecting', (c) => { if (c.code !== 0) this.#note({ type: 'lost' }) }) // 0: our own connect
    client.on('error', (e) => { if (e.type === 'transport') this.#note({ type: 'lost' }) })
    client.on('disconnected', () => { if (this.#client === client) this.#note({ type: 'refused' }) })
    this.#client = client
    for (const w of this.#watches) this.#subscribe(client, w)
    client.connect()
  }

  /** Tries again now, after a refusal or while the SDK waits. */
  retry(): void {
    const client = this.#client
    if (client?.state === 'disconnected') client.connect()
    else if (client?.state === 'connecting') {
      client.disconnect()
      client.connect()
    }
  }

  /** Watches a circle from a place in its log; ends with the function given back. */
  watch(circle: string, since: Position | null, watcher: CircleWatcher): () => void {
    const w: Watch = { circle, since, watcher, subscription: null }
    this.#watches.add(w)
    if (this.#client !== null) this.#subscribe(this.#client, w)
    return () => {
      this.#watches.delete(w)
      this.#unsubscribe(w)
    }
  }

  /** Hears what is only for the one who is signed in, such as "wallet.updated"; '' when any of it may have been missed. */
  listen(listener: (hint: string) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  close(): void {
    this.#drop()
    clearTimeout(this.#noticeTimer)
  }

  #subscribe(client: Centrifuge, w: Watch): void {
    const channel = `circle:${w.circle}`
    const old = client.getSubscription(channel)
    if (old !== null) client.removeSubscription(old)
    const s = client.newSubscription(channel, w.since === null ? {} : { since: w.since })
    s.on('subscribed', (c) => this.#subscribed(w, c))
    s.on('publication', (c) => this.#publication(w, c))
    s.on('unsubscribed', (c) => { if (c.code !== 0) w.watcher.closed?.() }) // 0: our own wish
    w.subscription = s
    s.subscribe()
  }

  #unsubscribe(w: Watch): void {
    const s = w.subscription
    w.subscription = null
    if (s === null) return
    s.removeAllListeners()
    if (this.#client?.getSubscription(s.channel) === s) this.#client.removeSubscription(s)
  }

  #subscribed(w: Watch, c: SubscribedContext): void {
    const missed = c.wasRecovering ? !c.recovered : w.since === null
    if (missed && c.streamPosition !== undefined) w.since = c.streamPosition
    const now = joined(c.data)
    for (const e of now) w.watcher.event(e)
    // What is replayed now is older than these counts, and they have the last word on totals.
    if (c.recovered) setTimeout(() => { for (const e of now) if (e.type === 'counts' && this.#watches.has(w)) w.watcher.event(e) })
    if (missed) w.watcher.missed()
  }

  #publication(w: Watch, c: PublicationContext): void {
    if (c.offset !== undefined && w.since !== null) w.since = { ...w.since, offset: c.offset }
    const event = circleEvent(c.data)
    if (event !== null) w.watcher.event(event)
  }

  #hint(hint: string): void {
    for (const listener of this.#listeners) listener(hint)
  }

  async #token(): Promise<string> {
    const token = await this.options.token()
    if (token !== null) return token
    throw new Centrifuge.UnauthorizedError('the session has ended') // a guest connection follows
  }

  #drop(): void {
    const client = this.#client
    this.#client = null
    for (const w of this.#watches) w.subscription?.removeAllListeners()
    client?.removeAllListeners()
    client?.disconnect()
  }

  #note(e: LinkEvent): void {
    this.state = nextLink(this.state, e, Date.now())
    clearTimeout(this.#noticeTimer)
    if (this.state.name === 'connected' && this.state.backFrom !== null) {
      this.#noticeTimer = setTimeout(() => this.#note({ type: 'noted' }), backNoticeMs)
    }
  }
}
