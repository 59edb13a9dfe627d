import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ViewerApi } from '../api/api'
import type { Position, Post } from '../api/types'
import type { CircleWatcher } from '../live/live.svelte'
import { Feed, type Source } from './feed.svelte'
import { circleId, counted, pageOf, post, range } from './testkit'

/** Stands for the socket: tells the watchers of a circle what a test wants. */
class Socket {
  readonly watched = new Map<string, { since: Position | null; watcher: CircleWatcher }>()
  watch = (circle: string, since: Position | null, watcher: CircleWatcher): (() => void) => {
    this.watched.set(circle, { since, watcher })
    return () => { this.watched.delete(circle) }
  }
  to(circle: string): CircleWatcher {
    const w = this.watched.get(circle)
    if (w === undefined) throw new Error(`${circle} is not watched`)
    return w.watcher
  }
}

/** A post of the circle with that letter. */
const of = (circle: string, n: number, more: Partial<Post> = {}): Post =>
  post(n, { circleId: circle, id: circle + String(n).padStart(13, '0'), ...more })

const api = {} as ViewerApi
const atOnce = (run: () => void): void => run()
const shown = (f: Feed): string[] => f.state.posts.map((p) => p.text)
const waiting = (f: Feed): string[] => f.state.waiting.posts.map((p) => p.text)

let socket: Socket
let reads: number
const feedOf = (pages: () => readonly Post[], source: Omit<Source, 'live'> = {}): Feed =>
  new Feed(api, async () => { reads++; return { ...pageOf(pages()), position: { offset: 7, epoch: 'e' } } }, { live: socket, frame: atOnce, ...source })

beforeEach(() => {
  vi.useFakeTimers()
  socket = new Socket()
  reads = 0
})
afterEach(() => { vi.useRealTimers() })

describe('a feed of one circle', () => {
  it('follows it from where its page was read, and shows news at once at the top', async () => {
    const f = feedOf(() => range(2, 1), { circle: circleId })
    await f.more()
    expect(socket.watched.get(circleId)?.since).toEqual({ offset: 7, epoch: 'e' })
    socket.to(circleId).event({ type: 'post.created', post: post(3) })
    expect(shown(f)).toEqual(['post 3', 'post 2', 'post 1'])
    f.close()
    expect(socket.watched.size).toBe(0)
  })

  it('takes the counts of a subscribe reply without reading anything', async () => {
    const f = feedOf(() => range(2, 1), { circle: circleId })
    await f.more()
    socket.to(circleId).event({ type: 'counts', posts: [{ id: post(1).id, ...counted(4, { likes: 3, comments: 2 }) }] })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(f.state.posts[1]?.counts.likes).toBe(3)
    expect(reads).toBe(1)
  })

  it('keeps what comes while a like is under way', async () => {
    let answer: (s: { liked: boolean; likes: number }) => void = () => undefined
    const slow = { like: () => new Promise((resolve) => { answer = resolve }) } as unknown as ViewerApi
    const f = new Feed(slow, async () => pageOf(range(2, 1)), { live: socket, frame: atOnce, circle: circleId })
    await f.more()
    f.like(f.state.posts[0]!, true, () => undefined)
    socket.to(circleId).event({ type: 'post.created', post: post(3) })
    answer({ liked: true, likes: 1 })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(shown(f)).toEqual(['post 3', 'post 2', 'post 1'])
    expect(f.state.posts[1]?.liked).toBe(true)
  })

  it('tries to read missed news again until it can', async () => {
    let broken = false
    let top = 2
    const f = feedOf(() => { if (broken) throw new TypeError('no network'); return range(top, 1) }, { circle: circleId })
    await f.more()
    broken = true
    top = 3
    socket.to(circleId).missed()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(shown(f)).toHaveLength(2)
    broken = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(shown(f)).toHaveLength(3)
  })

  it('watches nothing when it was left before its page came', async () => {
    const f = feedOf(() => range(2, 1), { circle: circleId })
    const asked = f.more()
    f.close()
    await asked
    expect(socket.watched.size).toBe(0)
  })
})

describe('a busy circle', () => {
  const created = (n: number) => ({ type: 'post.created', post: post(n) }) as const

  it('is drawn once a frame, however much came', async () => {
    const frames: (() => void)[] = []
    const f = feedOf(() => range(2, 1), { circle: circleId, frame: (run) => { frames.push(run) } })
    await f.more()
    const before = f.state
    for (let n = 3; n < 53; n++) socket.to(circleId).event(created(n))
    socket.to(circleId).event({ type: 'viewers', count: 7 })
    expect(f.state).toBe(before)
    expect(frames).toHaveLength(1)
    frames[0]?.()
    expect(shown(f)).toHaveLength(52)
    expect(f.viewers).toBe(7)
    socket.to(circleId).event(created(53))
    expect(frames).toHaveLength(2)
  })

  it('does not gather without end while nobody looks', async () => {
    const f = feedOf(() => range(2, 1), { circle: circleId, frame: () => undefined })
    await f.more()
    for (let n = 3; n < 1_003; n++) socket.to(circleId).event(created(n))
    expect(f.state.posts[0]?.text).toBe('post 1002')
  })

  it('stays where it is while somebody writes in it', async () => {
    const f = feedOf(() => range(2, 1), { circle: circleId })
    await f.more()
    f.engaged = true
    socket.to(circleId).event(created(3))
    expect([shown(f), waiting(f)]).toEqual([['post 2', 'post 1'], ['post 3']])
  })

  it('reads down to its end again when that was let go', async () => {
    let newest = 20
    const asked: (number | undefined)[] = []
    const readPage = async (cursor: string | null, limit?: number) => {
      asked.push(limit)
      const from = cursor === null ? newest : Number(cursor)
      return { ...pageOf(range(from, Math.max(1, from - (limit ?? 20) + 1)), String(from - (limit ?? 20))), position: { offset: 1, epoch: 'e' } }
    }
    const f = new Feed(api, readPage, { live: socket, frame: atOnce, circle: circleId })
    await f.more()
    for (; newest < 600; newest++) socket.to(circleId).event(created(newest + 1))
    expect(f.state.posts.length).toBeLessThanOrEqual(240)
    const before = shown(f)
    expect(f.exhausted).toBe(false)
    f.setAtTop(false)
    await f.more()
    expect(asked.at(-1)).toBe(100)
    expect(shown(f).slice(0, before.length)).toEqual(before)
    await f.more()
    expect(shown(f)).toEqual(range(600, 601 - f.state.posts.length).map((p) => p.text))
    expect(f.state.posts.length).toBeGreaterThan(before.length)
  })
})

describe('likes without a network', () => {
  const likes = new Map<string, boolean>()
  const unsent = (listen: (hear: (news: never) => void) => void) => ({
    deliver: async (act: { kind: string; post?: string; wanted?: boolean }) => { likes.set(act.post ?? '', act.wanted === true); return null },
    listen: (hear: (news: never) => void) => { listen(hear); return () => undefined },
    likes: () => likes,
  })

  it('are shown while they wait, also on posts that are read again, and settle when they were sent', async () => {
    let tell: (news: never) => void = () => undefined
    const f = feedOf(() => range(2, 1), { circle: circleId, unsent: unsent((hear) => { tell = hear }) as never })
    await f.more()
    const [first] = f.state.posts
    f.like(first!, true, () => undefined)
    await vi.advanceTimersByTimeAsync(10)
    expect(f.shownLike(f.state.posts[0]!)).toEqual({ liked: true, likes: 1 })
    const reloaded = feedOf(() => range(2, 1), { circle: circleId, unsent: unsent((hear) => { tell = hear }) as never })
    await reloaded.more()
    expect(reloaded.shownLike(reloaded.state.posts[0]!)).toEqual({ liked: true, likes: 1 })
    tell({ entry: { act: { kind: 'like', post: first!.id, wanted: true } }, answer: { liked: true, likes: 5 } } as never)
    expect(reloaded.shownLike(reloaded.state.posts[0]!)).toEqual({ liked: true, likes: 5 })
    expect(reloaded.state.likes.size).toBe(0)
  })
})

describe('a feed of many circles', () => {
  const page = (): Post[] => [of('b', 5), of('a', 4), of('b', 3)]

  it('follows the circles of its posts and those it is told of, up to a bound', async () => {
    const f = feedOf(page)
    await f.more()
    expect([...socket.watched.keys()]).toEqual(['b', 'a'])
    f.watch(['a', ...Array.from({ length: 40 }, (_, n) => `c${n}`)])
    expect(socket.watched.size).toBe(20)
  })

  it('reads once for all circles that join, and what came meanwhile waits', async () => {
    let posts = page()
    const f = feedOf(() => posts)
    await f.more()
    posts = [of('a', 6), ...page()]
    for (const circle of ['a', 'b']) socket.to(circle).missed()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads).toBe(2)
    expect(waiting(f)).toEqual(['post 6'])
  })

  it('lets news wait also at the top, names its circle, and puts it there when called', async () => {
    const f = feedOf(page)
    await f.more()
    f.setAtTop(true)
    socket.to('a').event({ type: 'circle.updated', circle: { id: 'a', name: 'Tea' } as never })
    socket.to('a').event({ type: 'post.created', post: of('a', 9) })
    expect(shown(f)).toHaveLength(3)
    expect(f.waitingCount).toBe(1)
    f.reveal()
    expect(f.state.posts[0]).toMatchObject({ text: 'post 9', circle: { id: 'a', name: 'Tea' } })
  })

  it('changes and removes its posts where they stand', async () => {
    const f = feedOf(page)
    await f.more()
    socket.to('a').event({ type: 'counts', posts: [{ id: of('a', 4).id, ...counted(2, { likes: 8, comments: 1 }) }] })
    socket.to('b').event({ type: 'post.deleted', postId: of('b', 5).id })
    expect(f.state.posts.map((p) => [p.text, p.counts.likes])).toEqual([['post 4', 8], ['post 3', 0]])
  })

  it('does not cut a long list short for a circle that it finds at its end', async () => {
    const f = feedOf(() => Array.from({ length: 120 }, (_, n) => of('a', 200 - n)))
    await f.more()
    f.watch(['z'])
    socket.to('z').missed()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads).toBe(1)
    socket.to('z').missed() // later it is a real loss
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads).toBe(2)
  })
})

describe('pages that hold nothing', () => {
  it('are read past, until several came in a row: then only when somebody asks', async () => {
    const pages = [[], range(9, 8), [], [], [], [], [], range(3, 1)]
    const f = new Feed(api, async (cursor) => {
      const at = Number(cursor ?? 0)
      return pageOf(pages[at] ?? [], at + 1 < pages.length ? String(at + 1) : null)
    }, { live: socket, frame: atOnce })
    await f.more()
    expect([f.readsOn, f.exhausted]).toEqual([true, false])
    for (let n = 0; n < 10 && f.readsOn; n++) await f.more()
    expect(shown(f)).toEqual(['post 9', 'post 8'])
    expect(f.exhausted).toBe(false)
    await f.more()
    expect(shown(f)).toEqual(['post 9', 'post 8', 'post 3', 'post 2', 'post 1'])
    expect([f.readsOn, f.exhausted]).toEqual([false, true])
  })
})
