import { describe, expect, it } from 'vitest'
import { addNew, addPage, live, resync, reveal } from './feed-store'
import { emptyFeed, type FeedState } from './state'
import { counted as numbers, pageOf, post, range, tip } from './testkit'

const shown = { reveal: true }
const held = { reveal: false }
const ids = (s: FeedState): string[] => s.posts.map((p) => p.text)
const waiting = (s: FeedState): string[] => s.waiting.posts.map((p) => p.text)
const loaded = (from: number, to: number, cursor: string | null = 'next'): FeedState => addPage(emptyFeed, pageOf(range(from, to), cursor))

describe('pages and news', () => {
  it('puts pages one below the other and keeps the cursor', () => {
    const s = addPage(loaded(9, 7), pageOf(range(6, 4), 'more'))
    expect(ids(s)).toEqual(['post 9', 'post 8', 'post 7', 'post 6', 'post 5', 'post 4'])
    expect(s.nextCursor).toBe('more')
  })

  it('shows a post once, whether page, publication or answer comes first', () => {
    const e = { type: 'post.created', post: post(9) } as const
    expect(ids(live(loaded(9, 7), e, shown))).toEqual(['post 9', 'post 8', 'post 7'])
    expect(ids(addNew(live(loaded(8, 7), e, shown), post(9, { liked: false }), shown))).toEqual(['post 9', 'post 8', 'post 7'])
  })

  it('holds news back while the reader is further down', () => {
    const s = live(loaded(8, 7), { type: 'post.created', post: post(9) }, held)
    expect(ids(s)).toEqual(['post 8', 'post 7'])
    expect(waiting(s)).toEqual(['post 9'])
    expect(ids(reveal(s))).toEqual(['post 9', 'post 8', 'post 7'])
    expect(waiting(reveal(s))).toEqual([])
  })

  it('never brings back what was deleted', () => {
    const s = live(loaded(9, 7), { type: 'post.deleted', postId: post(8).id }, shown)
    expect(ids(addPage(s, pageOf(range(9, 7))))).toEqual(['post 9', 'post 7'])
    expect(ids(live(s, { type: 'post.created', post: post(8) }, shown))).toEqual(['post 9', 'post 7'])
  })

  it('keeps the viewer’s own like when news goes to everybody', () => {
    const s = addPage(emptyFeed, pageOf([post(1, { liked: true })]))
    const edit = post(1, { text: 'better', editedAt: '2026-01-02T00:00:00Z' })
    expect(live(s, { type: 'post.updated', post: edit }, shown).posts[0]).toMatchObject({ text: 'better', liked: true })
  })

  it('keeps the circle’s name when news leaves it out', () => {
    const circle = { id: post(1).circleId, name: 'Tea' }
    const s = addPage(emptyFeed, pageOf([post(1, { circle })]))
    expect(addNew(s, post(1), shown).posts[0]?.circle).toEqual(circle)
  })

  it('does not take an edit back with an older copy of the post', () => {
    const edit = post(1, { text: 'better', editedAt: '2026-01-02T00:00:00Z' })
    const s = live(loaded(1, 1), { type: 'post.updated', post: edit }, shown)
    expect(ids(live(s, { type: 'post.created', post: post(1) }, shown))).toEqual(['better'])
    const early = live(emptyFeed, { type: 'post.updated', post: edit }, shown)
    expect(ids(addPage(early, pageOf([post(1)])))).toEqual(['better'])
  })
})

describe('counts', () => {
  const counted = (version: number, likes: number) =>
    ({ type: 'counts', posts: [{ id: post(1).id, ...numbers(version, { likes }) }] }) as const

  it('drops a lower version', () => {
    const s = live(live(loaded(1, 1), counted(5, 50), shown), counted(4, 40), shown)
    expect(s.posts[0]?.counts).toEqual(numbers(5, { likes: 50 }))
  })

  it('are taken for many posts at once, each by its version, also where they wait', () => {
    const waiting = live(loaded(2, 1), { type: 'post.created', post: post(3, { counts: numbers(9, { likes: 9 }) }) }, held)
    const told = [1, 2, 3, 4].map((n) => ({ id: post(n).id, ...numbers(5, { likes: n }) }))
    const s = live(waiting, { type: 'counts', posts: told }, held)
    expect(s.posts.map((p) => p.counts.likes)).toEqual([2, 1])
    expect(s.waiting.posts[0]?.counts.likes).toBe(9)
    expect([...s.earlyCounts.keys()]).toEqual([post(4).id])
  })

  it('keeps counts that come before their post', () => {
    const s = addPage(live(emptyFeed, counted(7, 70), shown), pageOf([post(1)]))
    expect(s.posts[0]?.counts.likes).toBe(70)
    expect(s.earlyCounts.size).toBe(0)
  })

  it('keeps a bounded number of them', () => {
    let s = emptyFeed
    for (let n = 0; n < 700; n++) s = live(s, { type: 'counts', posts: [{ id: `x${n}`, ...numbers(1) }] }, shown)
    expect(s.earlyCounts.size).toBe(500)
  })
})

describe('tips', () => {
  const id = post(1).id
  const told = (version: number, tipTotal: number, tipCount = 1) =>
    ({ type: 'counts', posts: [{ id, ...numbers(version, { tipCount, tipTotal }) }] }) as const
  const given = (n: number, total: number) => ({ type: 'tip.created', tip: tip(n, id, total) }) as const
  const totals = (...events: Parameters<typeof live>[1][]): number[] => {
    let s = loaded(1, 1)
    return events.map((e) => { s = live(s, e, shown); return s.posts[0]?.counts.tipTotal ?? -1 })
  }

  it('are counted once, whether the tip or its counts come first, and however often', () => {
    expect(totals(given(1, 520), told(2, 520), given(1, 520))).toEqual([520, 520, 520])
    expect(totals(told(2, 520), given(1, 520), told(2, 520))).toEqual([520, 520, 520])
  })

  it('do not set a total back when they are told late', () => {
    expect(totals(told(3, 708, 2), given(1, 520), given(2, 708))).toEqual([708, 708, 708])
    expect(totals(given(2, 708), given(1, 520))).toEqual([708, 708])
  })

  it('leave the last word to the counts, also when a tip was given back', () => {
    expect(totals(given(1, 520), told(3, 0, 0), told(2, 520))).toEqual([520, 0, 0])
    expect(totals(told(3, 0, 0), given(1, 520), told(3, 0, 0))).toEqual([0, 520, 0]) // replayed, then told again
  })

  it('of posts that are not there change nothing', () => {
    const s = loaded(1, 1)
    expect(live(s, { type: 'tip.created', tip: tip(1, post(7).id, 520) }, shown).posts).toEqual(s.posts)
  })

  it('show at least one giver', () => {
    expect(live(loaded(1, 1), given(1, 520), shown).posts[0]?.counts).toEqual(numbers(1, { tipCount: 1, tipTotal: 520 }))
  })
})

describe('reading again after news was missed', () => {
  it('joins what it knows and forgets what has gone', () => {
    const before = loaded(9, 5)
    const s = resync(before, pageOf([post(11), post(10), post(9), post(7), post(6)], 'c'), before, held)
    expect(ids(s)).toEqual(['post 9', 'post 7', 'post 6'])
    expect(waiting(s)).toEqual(['post 11', 'post 10'])
    expect(s.nextCursor).toBe('c') // and post 5 is read again from there
  })

  it('keeps what came while it was reading', () => {
    const before = loaded(9, 7)
    const s = live(before, { type: 'post.created', post: post(12) }, shown)
    expect(ids(resync(s, pageOf(range(10, 7), 'c'), before, shown))).toEqual(['post 12', 'post 10', 'post 9', 'post 8', 'post 7'])
  })

  it('does not hide a hole: the old list goes when the new one is shown', () => {
    const before = loaded(9, 7)
    const s = resync(live(before, { type: 'post.created', post: post(40) }, held), pageOf(range(39, 30), 'hole'), before, held)
    expect(ids(s)).toEqual(['post 9', 'post 8', 'post 7'])
    expect(waiting(s)[0]).toBe('post 40')
    const after = reveal(s)
    expect(ids(after)).toEqual(['post 40', ...range(39, 30).map((p) => p.text)])
    expect(after.nextCursor).toBe('hole')
  })

  it('closes a hole when a later reading reaches the old list', () => {
    const before = resync(loaded(9, 7), pageOf(range(39, 30), 'hole'), loaded(9, 7), held)
    const s = reveal(resync(before, pageOf(range(40, 8), 'c'), before, held))
    expect(ids(s)).toEqual(range(40, 8).map((p) => p.text))
  })

  it('takes an empty circle for what it is', () => {
    const before = loaded(9, 7)
    expect(ids(resync(before, pageOf([]), before, held))).toEqual([])
  })
})
