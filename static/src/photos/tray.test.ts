import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '../api/problem'
import { defaultPhotoLimits, fileProblem } from './accept'
import type { KeptPhoto, PhotoStore } from './store'
import { Tray } from './tray.svelte'
import type { PhotoUpload } from './upload'

interface Sending extends PhotoUpload {
  done(id: string): void
  fail(p: Problem): void
}

/** Stands for the server: every upload waits for what a test decides. */
const sending: Sending[] = []
const upload = (u: PhotoUpload): Promise<string> =>
  new Promise((resolve, reject) => {
    u.signal.addEventListener('abort', () => reject(u.signal.reason as Error))
    sending.push({ ...u, done: resolve, fail: reject })
  })

let kept: Map<string, KeptPhoto>
let flags: [string, boolean][]
const store: PhotoStore = {
  all: async (draft) => [...kept.values()].filter((p) => p.draft === draft).sort((a, b) => a.place - b.place),
  put: async (photos) => { for (const p of photos) kept.set(p.id, p) },
  remove: async (ids) => { for (const id of ids) kept.delete(id) },
  move: async (from, to) => {
    for (const p of [...kept.values()]) if (p.draft === from) { if (to === null) kept.delete(p.id); else kept.set(p.id, { ...p, draft: to }) }
  },
}
const tray = (): Tray => new Tray({ upload, flag: async (id, on) => { flags.push([id, on]) }, store: async () => store, limits: () => defaultPhotoLimits, draft: 'd' })
const file = (name: string, type = 'image/jpeg', size = 100): File => new File([new Uint8Array(size)], name, { type })
const settle = (): Promise<void> => vi.waitFor(() => undefined).then(() => new Promise((resolve) => { setTimeout(resolve) }))
const never = new AbortController().signal
const states = (t: Tray): string[] => t.photos.map((p) => p.state)

beforeEach(() => {
  sending.length = 0
  kept = new Map()
  flags = []
})

describe('photos of a post', () => {
  it('go up two at a time, and are posted in their order, not in that of their arrival', async () => {
    const t = tray()
    t.add([file('a'), file('b'), file('c')])
    await settle()
    expect([sending.length, states(t)]).toEqual([2, ['sending', 'sending', 'waiting']])
    const ids = t.ready(never)
    sending[1]?.done('B')
    await settle()
    expect(sending).toHaveLength(3)
    sending[2]?.done('C')
    t.move(t.photos[2]!, 0)
    sending[0]?.done('A')
    expect(await ids).toEqual(['C', 'A', 'B'])
  })

  it('are at most nine, and say why a file is none', () => {
    const t = tray()
    t.add([...Array.from({ length: 8 }, (_, n) => file(`${n}`)), file('x.HEIC', ''), file('clip.mp4', 'video/mp4'), file('empty', 'image/png', 0), file('ninth'), file('tenth')])
    expect(t.photos).toHaveLength(9)
    expect(t.full).toBe(true)
    expect(t.rejected.map(({ name, problem }) => [name, problem.code])).toEqual([['x.HEIC', 'photo_heic'], ['clip.mp4', 'photo_video'], ['empty', 'photo_unreadable'], ['tenth', 'photos_too_many']])
    expect(fileProblem({ name: 'x', type: 'image/jpeg', size: 21 * 2 ** 20 }, defaultPhotoLimits)?.code).toBe('photo_too_large')
    expect(fileProblem({ name: 'x', type: 'image/bmp', size: 1 }, defaultPhotoLimits)?.code).toBe('photo_kind_unsupported')
  })

  it('can be taken out on the way, and make room for the next', async () => {
    const t = tray()
    t.add([file('a'), file('b'), file('c')])
    await settle()
    t.remove(t.photos[0]!)
    await settle()
    expect(sending[0]?.signal.aborted).toBe(true)
    expect(states(t)).toEqual(['sending', 'sending'])
    expect([...kept.values()].map((p) => p.name)).toEqual(['b', 'c'])
  })

  it('are tried again when the network is back, from where they were', async () => {
    const t = tray()
    t.add([file('a')])
    await settle()
    sending[0]?.began('/v1/uploads/u1')
    sending[0]?.fail(new Problem(0, 'network', ''))
    await settle()
    expect(states(t)).toEqual(['failed'])
    const ids = t.ready(never) // a network that is gone ends nothing
    t.wake()
    await settle()
    expect(sending[1]?.url).toBe('/v1/uploads/u1')
    sending[1]?.done('A')
    expect(await ids).toEqual(['A'])
  })

  it('are tried again by themselves, when nobody says that the network is back', async () => {
    vi.useFakeTimers()
    const t = tray()
    t.add([file('a')])
    await vi.advanceTimersByTimeAsync(1)
    sending[0]?.fail(new Problem(0, 'network', ''))
    await vi.advanceTimersByTimeAsync(2_900)
    expect(states(t)).toEqual(['failed'])
    await vi.advanceTimersByTimeAsync(200)
    expect(states(t)).toEqual(['sending'])
    vi.useRealTimers()
  })

  it('hold a post up when the server does not take one', async () => {
    const t = tray()
    t.add([file('a')])
    await settle()
    const ids = t.ready(never)
    sending[0]?.fail(new Problem(422, 'photo_unreadable', ''))
    await expect(ids).rejects.toMatchObject({ code: 'photos_unfinished' })
    t.wake() // this is no matter of the network
    expect(states(t)).toEqual(['failed'])
    t.retry(t.photos[0]!)
    await settle()
    expect(sending[1]?.url).toBeNull()
  })

  it('need not be waited for', async () => {
    const t = tray()
    t.add([file('a')])
    const stop = new AbortController()
    const ids = t.ready(stop.signal)
    stop.abort(new DOMException('stopped', 'AbortError'))
    await expect(ids).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('tell the server of a flag that came after their upload began', async () => {
    const t = tray()
    t.add([file('a'), file('b')])
    await settle()
    t.flag(t.photos[0]!, true)
    sending.forEach((s, n) => { s.began(`/u${n}`); s.done(`P${n}`) })
    await t.ready(never)
    expect(flags).toEqual([['P0', true]])
    await t.ready(never)
    expect(flags).toHaveLength(1)
  })
})

describe('photos of a draft', () => {
  it('are there again after a reload, and go on', async () => {
    const before = tray()
    before.add([file('a'), file('b')])
    await settle()
    sending[0]?.done('A')
    sending[1]?.began('/v1/uploads/u2')
    await settle()
    before.flag(before.photos[1]!, true)
    before.move(before.photos[1]!, 0)
    before.close()
    await settle()
    const after = tray()
    await after.restore()
    expect(after.photos.map((p) => [p.name, p.state, p.sensitive])).toEqual([['b', 'sending', true], ['a', 'ready', false]])
    expect(sending.at(-1)?.url).toBe('/v1/uploads/u2')
  })

  it('are gone with the post, or kept with one that waits and given back with it', async () => {
    const t = tray()
    t.add([file('a')])
    await settle()
    sending[0]?.done('A')
    await settle()
    await t.clear('outbox.k')
    expect([t.photos.length, [...kept.values()].map((p) => p.draft)]).toEqual([0, ['outbox.k']])
    await store.move('outbox.k', 'd')
    await t.restore()
    expect(states(t)).toEqual(['ready'])
    await t.clear()
    expect(kept.size).toBe(0)
  })

  it('are sent again when the server has forgotten them', async () => {
    const t = tray()
    t.add([file('a')])
    await settle()
    sending[0]?.done('A')
    await settle()
    t.forgotten()
    await settle()
    expect([sending.length, sending[1]?.url]).toEqual([2, null])
  })
})
