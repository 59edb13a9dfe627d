// Sends what was done without a network when there is one again: once, in
// order, by one tab, also after the page was closed. What the server refuses
// stays with its reason until its author has dealt with it.
import { newKey } from '../api/idempotency'
import { asProblem, Problem } from '../api/problem'
import type { Lock } from '../auth/refresh'
import { final, full, nextToSend, replacedBy, stale, type Act, type Entry } from './entry'
import type { OutboxStore } from './store'

const patienceMs = 15_000 // with one request, before it is asked again with the same key
const firstPauseMs = 1_000
const maxPauseMs = 30_000

/** What became of an entry: the server's answer, or null when it was refused or dropped. */
export interface News {
  entry: Entry
  answer: unknown
}

/** The part that what is on screen needs. */
export interface Unsent {
  /** Sends now, or keeps the act for later and gives null. */
  deliver<T>(act: Act, send: () => Promise<T>, key?: string): Promise<T | null>
  listen(hear: (news: News) => void): () => void
  /** Likes that wait, by post. */
  likes(): ReadonlyMap<string, boolean>
}

export interface OutboxOptions {
  store: () => Promise<OutboxStore>
  send: (e: Entry) => Promise<unknown>
  /** Runs one body at a time among all tabs. */
  lock: Lock
  /** Whether the connection is known to be lost: then an act is kept without trying. */
  offline: () => boolean
  /** Tells the other tabs. */
  channel?: Pick<BroadcastChannel, 'postMessage' | 'onmessage'> | null
  now?: () => number
}

export class Outbox implements Unsent {
  /** What waits or was refused, of the one who is signed in, in order. */
  entries = $state.raw<readonly Entry[]>([])
  /** The number of the entry that is being sent. */
  sending = $state<number | null>(null)
  #user = ''
  #store: Promise<OutboxStore> | null = null
  #draining: Promise<void> | null = null
  #again = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #pauseMs = firstPauseMs
  readonly #listeners = new Set<(news: News) => void>()

  constructor(private readonly o: OutboxOptions) {
    if (o.channel != null) o.channel.onmessage = (e: MessageEvent<unknown>) => void this.#heard(e.data as News | null)
  }

  get waiting(): readonly Entry[] {
    return this.entries.filter((e) => e.refused === null)
  }

  get refused(): readonly Entry[] {
    return this.entries.filter((e) => e.refused !== null)
  }

  likes(): ReadonlyMap<string, boolean> {
    return new Map(this.waiting.flatMap(({ act }) => (act.kind === 'like' ? [[act.post, act.wanted] as const] : [])))
  }

  /** Whose outbox it is; '' for nobody's. */
  async belongTo(user: string): Promise<void> {
    this.#user = user
    this.entries = []
    this.#pauseMs = firstPauseMs
    await this.#read()
    await this.wake()
  }

  async deliver<T>(act: Act, send: () => Promise<T>, key = newKey()): Promise<T | null> {
    // What was done before is sent before.
    if (this.o.offline() || this.waiting.length > 0) return this.#keep(act, key, null)
    const began = this.#now()
    try {
      return await within(send())
    } catch (cause) {
      const p = asProblem(cause)
      if (p.status !== 0 || p.code !== 'network') throw p
      return this.#keep(act, key, began)
    }
  }

  listen(hear: (news: News) => void): () => void {
    this.#listeners.add(hear)
    return () => { this.#listeners.delete(hear) }
  }

  /** Forgets an entry: its author takes it back. */
  async drop(e: Entry): Promise<void> {
    await (await this.#open()).remove(e)
    await this.#settled({ entry: e, answer: null })
  }

  /** Sends what waits, if it can be; there may be a network again. */
  wake(): Promise<void> {
    clearTimeout(this.#timer)
    this.#again = true
    this.#draining ??= this.#drain().finally(() => { this.#draining = null })
    return this.#draining
  }

  async #keep(act: Act, key: string, triedAt: number | null): Promise<null> {
    const store = await this.#open()
    const user = this.#user
    const before = await store.all(user)
    const old = replacedBy(before, act)
    const entry = { user, key, at: this.#now(), act, triedAt, refused: null }
    const replaced = old !== undefined && (await store.put({ ...entry, n: old.n }, old.key))
    if (!replaced && full(before)) throw new Problem(0, 'outbox_full', '')
    if (!replaced) await store.add(entry)
    await this.#read()
    this.#tell(null)
    void this.wake()
    return null
  }

  async #drain(): Promise<void> {
    const user = this.#user
    if (user === '' || this.entries.length === 0) return
    await this.o.lock(async () => {
      while (this.#again && user === this.#user) {
        this.#again = false
        await this.#sendAll(user)
      }
    })
  }

  async #sendAll(user: string): Promise<void> {
    const store = await this.#open()
    for (;;) {
      await this.#read() // another tab may have sent some of it
      const next = nextToSend(this.entries)
      if (next === undefined || user !== this.#user || !navigator.onLine) return
      if (!(await this.#sendOne(store, next))) return
    }
  }

  /** Sends one entry; tells whether the next may follow. */
  async #sendOne(store: OutboxStore, e: Entry): Promise<boolean> {
    if (stale(e, this.#now())) return this.#refuse(store, e, new Problem(0, 'outbox_stale', ''))
    const tried = { ...e, triedAt: e.triedAt ?? this.#now() }
    // Before it is sent: the page may not live to see the answer.
    if (!(await store.put(tried, e.key))) return true // it was taken back, or is another wish now
    this.sending = e.n
    try {
      const answer = await within(this.o.send(tried))
      this.#pauseMs = firstPauseMs
      await store.remove(tried)
      await this.#settled({ entry: tried, answer })
      return true
    } catch (cause) {
      const p = asProblem(cause)
      if (final(p)) return this.#refuse(store, tried, p)
      this.#later(p)
      return false
    } finally {
      this.sending = null
    }
  }

  async #refuse(store: OutboxStore, e: Entry, p: Problem): Promise<boolean> {
    const repeatable = e.act.kind === 'like' || e.act.kind === 'follow'
    const refused = { ...e, refused: { code: p.code, detail: p.detail } }
    if (repeatable) await store.remove(e) // there is nothing to edit: it is taken back on screen
    else await store.put(refused, e.key)
    await this.#settled({ entry: refused, answer: null })
    return true
  }

  /** Tries again after a while, longer each time. */
  #later(p: Problem): void {
    const told = p.retryAfterSeconds === null ? 0 : p.retryAfterSeconds * 1000
    this.#timer = setTimeout(() => void this.wake(), Math.max(told, this.#pauseMs))
    this.#pauseMs = Math.min(maxPauseMs, this.#pauseMs * 2)
  }

  async #settled(news: News): Promise<void> {
    await this.#read()
    for (const hear of this.#listeners) hear(news)
    this.#tell(news)
  }

  async #heard(news: News | null): Promise<void> {
    await this.#read()
    if (news !== null && news.entry.user === this.#user) for (const hear of this.#listeners) hear(news)
  }

  #tell(news: News | null): void {
    this.o.channel?.postMessage(news)
  }

  async #read(): Promise<void> {
    const user = this.#user
    const entries = user === '' ? [] : await (await this.#open()).all(user)
    if (user === this.#user) this.entries = entries
  }

  #open(): Promise<OutboxStore> {
    return (this.#store ??= this.o.store())
  }

  #now(): number {
    return this.o.now?.() ?? Date.now()
  }
}

/** Waits so long for an answer; without one its outcome is open. */
async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Problem(0, 'network', '')), patienceMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
