// One movement of money that its owner wants, until its answer is known. A
// double tap joins the one under way. If no answer comes, the same request is
// sent again with the same key, which moves the money once; until it is
// answered, also after the page was closed, nothing else can be sent in its
// place: what is shown as open may have been paid.
import { newKey } from './idempotency'
import { asProblem, type Problem } from './problem'

const pausesMs = [500, 1_000, 2_000, 4_000] // before asking again after a lost answer
const maxAsksInProgress = 30 // while the server says that it is at it
const pauseInProgressMs = 1_000

interface Kept<B> {
  key: string
  body: B
}

/** Where an open intent outlives the page. */
export interface IntentStore {
  read(): unknown
  write(kept: object | null): void
}

export interface IntentOptions {
  store?: IntentStore
  makeKey?: () => string
  wait?: (ms: number) => Promise<void>
}

export class Intent<B, A> {
  /** What was sent and is not answered; null when everything is known. */
  open = $state.raw<B | null>(null)
  busy = $state(false)
  #kept: Kept<B> | null = null
  #running: Promise<A> | null = null
  readonly #store: IntentStore | undefined
  readonly #makeKey: () => string
  readonly #wait: (ms: number) => Promise<void>

  constructor(private readonly send: (body: B, key: string) => Promise<A>, o: IntentOptions = {}) {
    this.#store = o.store
    this.#makeKey = o.makeKey ?? newKey
    this.#wait = o.wait ?? ((ms) => new Promise((resolve) => { setTimeout(resolve, ms) }))
    const kept = this.#store?.read()
    if (isKept<B>(kept)) this.#keep(kept, false)
  }

  /** Sends the body, or, if another one is open, asks again what became of that. */
  run(body: B): Promise<A> {
    if (this.#running !== null) return this.#running
    this.busy = true
    this.#running = this.#settle(body).finally(() => {
      this.#running = null
      this.busy = false
    })
    return this.#running
  }

  async #settle(wanted: B): Promise<A> {
    let doubt = this.#kept !== null // an earlier sending may have arrived
    const { key, body } = this.#kept ?? this.#keep({ key: this.#makeKey(), body: wanted })
    for (let asked = 1; ; asked++) {
      try {
        const answer = await this.send(body, key)
        this.#settled()
        return answer
      } catch (cause) {
        const p = asProblem(cause)
        doubt ||= leavesOpen(p)
        if (!doubt || settles(p)) {
          this.#settled()
          throw p
        }
        const pause = pauseBefore(p, asked)
        if (pause === null) throw p
        await this.#wait(pause)
      }
    }
  }

  #keep(kept: Kept<B>, write = true): Kept<B> {
    this.#kept = kept
    this.open = kept.body
    if (write) this.#store?.write(kept) // before it is sent: the page may not live to see the answer
    return kept
  }

  #settled(): void {
    this.#kept = null
    this.open = null
    this.#store?.write(null)
  }
}

/** Whether nobody can tell from this if the money moved. */
function leavesOpen(p: Problem): boolean {
  return p.status === 0 || p.status >= 500 || p.code === 'idempotency_in_progress'
}

/** Whether this answers for the key, and not only for this one request. */
function settles(p: Problem): boolean {
  return !p.temporary && p.status !== 401
}

/** How long to wait before asking again by ourselves; null: not any more. */
function pauseBefore(p: Problem, asked: number): number | null {
  const told = p.retryAfterSeconds === null ? 0 : p.retryAfterSeconds * 1000
  if (p.code === 'idempotency_in_progress') return asked < maxAsksInProgress ? Math.max(told, pauseInProgressMs) : null
  const pause = p.status === 401 ? undefined : pausesMs[asked - 1]
  return pause === undefined ? null : Math.max(told, pause)
}

function isKept<B>(v: unknown): v is Kept<B> {
  return typeof v === 'object' && v !== null && 'key' in v && typeof v.key === 'string' && v.key !== '' && 'body' in v
}

const prefix = 'lifecircle.intent.'

/** Keeps an intent of one person in this browser. */
export function intentStore(user: string, what: string): IntentStore {
  const name = `${prefix}${user}.${what}`
  return {
    read: () => {
      try {
        return JSON.parse(localStorage.getItem(name) ?? 'null')
      } catch {
        return null
      }
    },
    write: (kept) => {
      try {
        if (kept === null) localStorage.removeItem(name)
        else localStorage.setItem(name, JSON.stringify(kept))
      } catch {
        // no room: then it lives as long as the page
      }
    },
  }
}
