import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '../api/problem'
import type { Act, Entry } from './entry'
import { maxEntries } from './entry'
import { Outbox, type News } from './outbox.svelte'
import { MemoryOutbox, type OutboxStore } from './store'

const noNetwork = (): Problem => new Problem(0, 'network', '')
const like = (post: string, wanted = true): Act => ({ kind: 'like', post, wanted })
const comment = (text: string): Act => ({ kind: 'comment', post: 'p', text, replyTo: null })
const never = (): Promise<never> => Promise.reject(new Error('sent at once'))

/** A server that may be out of reach, and what it was sent. */
class Server {
  there = false
  readonly got: Entry[] = []
  answer: (e: Entry) => unknown = () => 'done'
  send = async (e: Entry): Promise<unknown> => {
    if (!this.there) throw noNetwork()
    this.got.push(e)
    return this.answer(e)
  }
}

let server: Server
let store: OutboxStore
let clock: number
let running: Promise<unknown>

/** One tab of the browser; all tabs share the store and the lock. */
async function tab(user = 'u1', offline = (): boolean => !server.there): Promise<Outbox> {
  const lock = <T>(body: () => Promise<T>): Promise<T> => {
    const next = running.then(body, body)
    running = next.catch(() => undefined)
    return next
  }
  const outbox = new Outbox({ store: async () => store, send: server.send, lock, offline, now: () => clock })
  await outbox.belongTo(user)
  return outbox
}
const texts = (of: readonly Entry[]): string[] => of.map(({ act }) => (act.kind === 'comment' ? act.text : act.kind === 'like' ? `like ${act.wanted}` : act.kind))

beforeEach(() => {
  vi.useRealTimers()
  server = new Server()
  store = new MemoryOutbox()
  clock = 1_000_000
  running = Promise.resolve()
})

describe('what is done without a network', () => {
  it('is kept, and sent in order, once, when there is one', async () => {
    const outbox = await tab()
    for (const act of [like('p'), comment('one'), comment('two')]) expect(await outbox.deliver(act, never)).toBeNull()
    await outbox.wake()
    expect(server.got).toEqual([])
    server.there = true
    await Promise.all([outbox.wake(), outbox.wake()])
    expect(texts(server.got)).toEqual(['like true', 'one', 'two'])
    await outbox.wake()
    expect(server.got).toHaveLength(3)
    expect(outbox.entries).toEqual([])
  })

  it('survives the page, with the keys that it was done with', async () => {
    const first = await tab()
    await first.deliver(comment('one'), never, 'the key')
    server.there = true
    const second = await tab()
    expect(texts(server.got)).toEqual(['one'])
    expect(server.got[0]?.key).toBe('the key')
    expect(second.entries).toEqual([])
  })

  it('is sent by one of many tabs', async () => {
    const tabs = [await tab(), await tab(), await tab()]
    await tabs[0]?.deliver(comment('one'), never)
    await tabs[1]?.deliver(comment('two'), never)
    server.there = true
    await Promise.all(tabs.map((t) => t.wake()))
    expect(texts(server.got)).toEqual(['one', 'two'])
  })

  it('keeps its key when the network goes while it is sent', async () => {
    const outbox = await tab('u1', () => false)
    const keys: string[] = []
    expect(await outbox.deliver(comment('one'), () => { keys.push('first'); return Promise.reject(noNetwork()) }, 'first')).toBeNull()
    server.there = true
    await outbox.wake()
    expect([...keys, ...server.got.map((e) => e.key)]).toEqual(['first', 'first'])
  })

  it('waits behind what was done before', async () => {
    let down = true
    const outbox = await tab('u1', () => down)
    await outbox.deliver(comment('one'), never)
    down = false
    expect(await outbox.deliver(comment('two'), never)).toBeNull()
    server.there = true
    await outbox.wake()
    expect(texts(server.got)).toEqual(['one', 'two'])
  })

  it('belongs to who did it', async () => {
    const mine = await tab('u1')
    await mine.deliver(comment('mine'), never)
    server.there = true
    await mine.belongTo('u2')
    expect(mine.entries).toEqual([])
    expect(server.got).toEqual([])
  })

  it('counts only as it was wanted last, for likes', async () => {
    const outbox = await tab()
    await outbox.deliver(like('p'), never)
    await outbox.deliver(comment('after'), never)
    await outbox.deliver(like('p', false), never)
    expect(outbox.likes()).toEqual(new Map([['p', false]]))
    server.there = true
    await outbox.wake()
    expect(texts(server.got)).toEqual(['like false', 'after'])
  })

  it('is sent again as it is wanted now, if that changes while it is sent', async () => {
    const outbox = await tab()
    await outbox.deliver(like('p'), never)
    server.there = true
    server.answer = async (e) => {
      if (e.act.kind === 'like' && e.act.wanted) await outbox.deliver(like('p', false), never)
      return 'done'
    }
    await outbox.wake()
    expect(texts(server.got)).toEqual(['like true', 'like false'])
    expect(outbox.entries).toEqual([])
  })

  it('has a bound, and says so', async () => {
    const outbox = await tab()
    for (let n = 0; n < maxEntries; n++) await outbox.deliver(comment(`${n}`), never)
    await expect(outbox.deliver(comment('one too many'), never)).rejects.toMatchObject({ code: 'outbox_full' })
    expect(outbox.entries).toHaveLength(maxEntries)
  })
})

describe('what the server does not take', () => {
  const refusing = (text: string) => (e: Entry): unknown => {
    if (e.act.kind === 'comment' && e.act.text === text) throw new Problem(403, 'not_allowed', 'no')
    return 'done'
  }

  it('stays with its reason, and the rest goes on', async () => {
    const outbox = await tab()
    await outbox.deliver(comment('bad'), never)
    await outbox.deliver(comment('good'), never)
    const news: News[] = []
    outbox.listen((n) => news.push(n))
    server.there = true
    server.answer = refusing('bad')
    await outbox.wake()
    expect(texts(server.got)).toEqual(['bad', 'good'])
    expect(outbox.refused.map((e) => e.refused?.code)).toEqual(['not_allowed'])
    expect(news.map((n) => n.answer)).toEqual([null, 'done'])
    await outbox.drop(outbox.refused[0]!)
    expect(outbox.entries).toEqual([])
  })

  it('is taken back at once if it was a like', async () => {
    const outbox = await tab()
    await outbox.deliver(like('p'), never)
    server.there = true
    server.answer = () => { throw new Problem(403, 'not_allowed', '') }
    await outbox.wake()
    expect(outbox.entries).toEqual([])
  })

  it('waits when it is only too much now', async () => {
    vi.useFakeTimers()
    const outbox = await tab()
    await outbox.deliver(comment('one'), never)
    server.there = true
    let busy = true
    server.answer = () => { if (busy) throw new Problem(429, 'rate_limited', '', [], 5); return 'done' }
    await outbox.wake()
    expect(outbox.waiting).toHaveLength(1)
    busy = false
    await vi.advanceTimersByTimeAsync(4_900)
    expect(outbox.waiting).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(outbox.entries).toEqual([])
  })

  it('is not sent again by itself when its key may be forgotten', async () => {
    const outbox = await tab('u1', () => false)
    await outbox.deliver(comment('was it sent?'), () => Promise.reject(noNetwork()))
    await outbox.deliver(like('p'), () => Promise.reject(noNetwork()))
    clock += 24 * 3_600_000
    server.there = true
    await outbox.wake()
    expect(texts(server.got)).toEqual(['like true'])
    expect(outbox.refused.map((e) => e.refused?.code)).toEqual(['outbox_stale'])
  })
})
