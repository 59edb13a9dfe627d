import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { CircleEvent } from '../api/types'
import { Live } from './live.svelte'

type Listener = (context: unknown) => void

/** The part of an SDK subscription that the page uses. */
class Subscription {
  readonly listeners = new Map<string, Listener>()
  constructor(readonly channel: string, readonly options: unknown) {}
  on = (name: string, l: Listener): void => { this.listeners.set(name, l) }
  tell = (name: string, context: unknown): void => this.listeners.get(name)?.(context)
  subscribe = (): void => undefined
  removeAllListeners = (): void => this.listeners.clear()
}

const made = vi.hoisted(() => [] as unknown[])
const clients = vi.hoisted(() => [] as Map<string, (context: unknown) => void>[])
vi.mock('centrifuge', () => ({
  Centrifuge: class {
    listeners = new Map<string, (context: unknown) => void>()
    constructor() { clients.push(this.listeners) }
    on = (name: string, l: (context: unknown) => void): void => { this.listeners.set(name, l) }
    connect = (): void => undefined
    disconnect = (): void => undefined
    removeAllListeners = (): void => undefined
    removeSubscription = (): void => undefined
    getSubscription = (): null => null
    newSubscription = (channel: string, options: unknown): Subscription => {
      const s = new Subscription(channel, options)
      made.push(s)
      return s
    }
  },
}))

const data = { circle: { id: 'c' }, viewers: 3, counts: [{ id: 'p', version: 5, likes: 4, comments: 1, tip_count: 2, tip_total: 708 }] }

function watching(since: { offset: number; epoch: string } | null): { subscription: () => Subscription; told: string[]; live: Live; events: CircleEvent[] } {
  const live = new Live({ endpoint: 'ws://x.test', token: async () => null })
  live.connectAs(false)
  const told: string[] = []
  const events: CircleEvent[] = []
  live.watch('c', since, { event: (e) => { told.push(e.type); events.push(e) }, missed: () => told.push('missed') })
  return { live, told, events, subscription: () => made.at(-1) as Subscription }
}

beforeEach(() => { made.length = 0 })

describe('a subscription that was accepted', () => {
  const now = ['circle.updated', 'counts', 'viewers']

  it('tells circle, counts and viewers as they are, each time', () => {
    const w = watching({ offset: 7, epoch: 'e' })
    w.subscription().tell('subscribed', { wasRecovering: true, recovered: true, data })
    w.subscription().tell('subscribed', { wasRecovering: true, recovered: true, data })
    expect(w.told).toEqual([...now, ...now])
    expect(w.events).toContainEqual({ type: 'counts', posts: [{ id: 'p', version: 5, likes: 4, comments: 1, tipCount: 2, tipTotal: 708 }] })
  })

  it('says when news was missed: not recovered, or without a place to begin', () => {
    const lost = watching({ offset: 7, epoch: 'e' })
    lost.subscription().tell('subscribed', { wasRecovering: true, recovered: false, data, streamPosition: { offset: 9, epoch: 'e' } })
    expect(lost.told).toEqual([...now, 'missed'])
    const open = watching(null)
    open.subscription().tell('subscribed', { wasRecovering: false, recovered: false, data, streamPosition: { offset: 9, epoch: 'e' } })
    expect(open.told).toEqual([...now, 'missed'])
  })

  it('is taken up where it was when somebody else signs in', () => {
    const w = watching(null)
    w.subscription().tell('subscribed', { wasRecovering: false, recovered: false, data, streamPosition: { offset: 9, epoch: 'e' } })
    w.subscription().tell('publication', { offset: 10, data: { type: 'post.deleted', post_id: 'p' } })
    w.live.connectAs(true)
    expect(w.subscription().options).toEqual({ since: { offset: 10, epoch: 'e' } })
  })
})

describe('what is for one person', () => {
  it('is heard by name, and so is that some of it may have been missed', () => {
    const { live } = watching(null)
    const heard: string[] = []
    const stop = live.listen((hint) => heard.push(hint))
    const client = clients.at(-1)
    client?.get('publication')?.({ channel: 'user:u1', data: { type: 'wallet.updated' } })
    client?.get('publication')?.({ channel: 'circle:c', data: { type: 'tip.created' } })
    client?.get('connected')?.({})
    stop()
    client?.get('connected')?.({})
    expect(heard).toEqual(['wallet.updated', ''])
    live.close()
  })
})

describe('a replay', () => {
  it('is followed by the counts once more, which know of it', async () => {
    const w = watching({ offset: 7, epoch: 'e' })
    w.subscription().tell('subscribed', { wasRecovering: true, recovered: true, data })
    w.subscription().tell('publication', { offset: 8, data: { type: 'tip.created', tip: { id: 't', post_id: 'p', tip_total: 900 } } })
    await new Promise((resolve) => { setTimeout(resolve, 5) })
    expect(w.told.slice(-2)).toEqual(['tip.created', 'counts'])
  })
})
