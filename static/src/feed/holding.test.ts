import { describe, expect, it } from 'vitest'
import { addPage, live, maxWaiting, resync, reveal } from './feed-store'
import { cutTail, keptAtTop, letGo, maxAtTop, maxFull, missingPages, refill } from './holding'
import { emptyFeed, type FeedState } from './state'
import { pageOf, post, range } from './testkit'

const size = 20
const tagged = (from: number, to: number, cursor: string | null) => range(from, to).map((p) => ({ ...p, page: cursor }))
/** Pages of 20 below post `top`, each with the cursor that names its first post. */
function read(top: number, pages: number): FeedState {
  let s = emptyFeed
  for (let n = 0; n < pages; n++) {
    const first = top - n * size
    s = addPage(s, pageOf(tagged(first, first - size + 1, n === 0 ? null : `c${first}`), `c${first - size}`))
  }
  return s
}
const created = (n: number) => ({ type: 'post.created', post: post(n) }) as const
const ids = (s: FeedState): string[] => s.posts.map((p) => p.text)

describe('an hour at the top of a busy circle', () => {
  it('holds no more than a bounded number of posts', () => {
    let s = read(100, 2)
    let most = 0
    for (let n = 101; n < 5_000; n++) {
      s = cutTail(live(s, created(n), { reveal: true }))
      most = Math.max(most, s.posts.length)
    }
    expect(most).toBeLessThanOrEqual(maxAtTop)
    expect(ids(s)[0]).toBe('post 4999')
    expect(s.earlyCounts.size + s.earlyEdits.size + s.waiting.posts.length + s.deleted.size).toBe(0)
  })

  it('goes on from a page that it knows', () => {
    let s = read(400, 10)
    for (let n = 401; n < 450; n++) s = live(s, created(n), { reveal: true })
    s = cutTail(s)
    expect(s.posts.length).toBeGreaterThanOrEqual(keptAtTop)
    expect(s.tailLost).toBe(false)
    expect(s.nextCursor).toBe(`c${Number(s.posts.at(-1)?.text.slice(5)) - 1}`)
  })

  it('knows when no page leads on, and reads down to there', () => {
    let s = read(100, 1)
    for (let n = 101; n < 400; n++) s = cutTail(live(s, created(n), { reveal: true }))
    expect(s.tailLost).toBe(true)
    const end = Number(s.posts.at(-1)?.text.slice(5))
    const again = resync(s, pageOf(tagged(405, end, null), 'on'), s, { reveal: false })
    expect(ids(again)).toEqual(ids(s))
    expect(again.waiting.posts).toHaveLength(6)
    expect([again.tailLost, again.nextCursor]).toEqual([false, 'on'])
  })
})

describe('an hour further down', () => {
  it('keeps the newest of what waits, counts the rest, and shows no hole', () => {
    let s = read(100, 2)
    for (let n = 101; n < 1_101; n++) s = live(s, created(n), { reveal: false })
    expect(s.waiting.posts).toHaveLength(maxWaiting)
    expect(s.waiting.posts.length + s.waiting.dropped).toBe(1_000)
    const shown = reveal(s)
    expect(ids(shown)).toEqual(range(1_100, 1_001).map((p) => p.text))
    expect(shown.tailLost).toBe(true)
  })
})

describe('a long way down', () => {
  it('lets the content far away go, keeps places, and gets it back', () => {
    const far = letGo(read(1_000, 20), 380, 400)
    expect(far.posts).toHaveLength(400)
    expect(far.posts.filter((p) => !p.hollow).length).toBeLessThanOrEqual(maxFull)
    expect(far.posts.slice(0, size).every((p) => !p.hollow), 'the first page has no cursor of its own').toBe(true)
    expect(missingPages(far, 380, 400)).toEqual([])
    const cursors = missingPages(far, 30, 70)
    expect(cursors).toEqual(['c980', 'c960', 'c940'])
    const back = cursors.reduce((s, c) => {
      const first = Number(c.slice(1))
      return refill(s, pageOf(tagged(first, first - size + 1, c), `c${first - size}`), c, far)
    }, far)
    expect(back.posts.slice(20, 80).map((p) => [p.text, p.hollow])).toEqual(range(980, 921).map((p) => [p.text, false]))
    expect(back.nextCursor).toBe(far.nextCursor)
  })

  it('changes nothing while there is little', () => {
    const s = read(1_000, 10)
    expect(letGo(s, 0, 10)).toBe(s)
  })

  it('does not try for ever with what cannot go', () => {
    let s = emptyFeed
    for (let n = 0; n < 400; n++) s = live(s, created(n), { reveal: true })
    expect(letGo(s, 0, 10)).toBe(s)
  })

  it('takes out what has gone meanwhile, and asks the next page for what a smaller one did not reach', () => {
    const far = letGo(read(1_000, 20), 380, 400)
    const s = refill(far, pageOf(tagged(980, 971, 'c980').filter((p) => p.text !== 'post 975'), 'c970'), 'c980', far)
    expect(ids(s)).not.toContain('post 975')
    expect(missingPages(s, 20, 40)).toEqual(['c970', 'c960'])
  })
})
