import { describe, expect, it } from 'vitest'
import { statement } from '../api/read-money'
import { addLines, isMonth, lineTime, monthAt, monthName, shiftMonth } from './statement'
import { Statement } from './statement.svelte'

const line = (version: number, amount: number, balance: number): object => ({ version, amount, balance, at: '2026-11-27T15:59:00Z', kind: 'tip_sent', source: 's', post_id: 'p' })
const page = (items: object[], next: string | undefined, closing: number) =>
  statement({ month: '2026-11', currency: 'CNY', opening_balance: 1000, closing_balance: closing, items, ...(next === undefined ? {} : { next_cursor: next }) })

describe('months', () => {
  it('begin at midnight in Shanghai', () => {
    expect(monthAt(Date.UTC(2026, 10, 30, 15, 59))).toBe('2026-11')
    expect(monthAt(Date.UTC(2026, 10, 30, 16, 0))).toBe('2026-12')
    expect(lineTime('2026-11-30T16:30:00Z', 'en')).toContain('Dec 1')
    expect(lineTime('nonsense', 'en')).toBe('')
  })

  it.each([['2026-11', 1, '2026-12'], ['2026-12', 1, '2027-01'], ['2026-01', -1, '2025-12'], ['2026-11', -23, '2024-12']])('%s and %i is %s', (month, by, result) => {
    expect(shiftMonth(month, by)).toBe(result)
    expect(isMonth(result)).toBe(true)
  })

  it('have names, wherever the reader is', () => {
    expect(monthName('2026-11', 'en')).toBe('November 2026')
    expect(monthName('2026-11', 'zh-CN')).toBe('2026年11月')
  })
})

describe('a statement', () => {
  it('is read as it is: amounts that left are negative', () => {
    const p = page([line(2, -520, 480)], 'c', 480)
    expect(p).toMatchObject({ month: '2026-11', opening: 1000, closing: 480, nextCursor: 'c' })
    expect(p.items[0]).toEqual({ version: 2, at: '2026-11-27T15:59:00Z', kind: 'tip_sent', amount: -520, balance: 480, postId: 'p' })
  })

  it('joins pages without a line twice, and keeps what it began with', () => {
    const s = addLines(addLines(null, page([line(2, -520, 480), line(3, 20, 500)], 'c', 500)), page([line(3, 20, 500), line(4, -1, 499)], undefined, 499))
    expect(s.lines.map((l) => l.version)).toEqual([2, 3, 4])
    expect(s).toMatchObject({ opening: 1000, closing: 499, nextCursor: null })
  })

  it('is read anew as far as it is shown, and once more for news meanwhile', async () => {
    const pages: Record<string, ReturnType<typeof page>> = { '': page([line(1, 1, 1)], 'a', 3), a: page([line(2, 1, 2)], 'b', 3), b: page([line(3, 1, 3)], undefined, 3) }
    let asked: string[] = []
    const s = new Statement(async (cursor) => { asked.push(cursor ?? ''); return pages[cursor ?? ''] ?? page([], undefined, 0) })
    await s.more()
    await s.more()
    expect(s.state?.lines.map((l) => l.version)).toEqual([1, 2])
    asked = []
    await Promise.all([s.renew(), s.renew(), s.renew()])
    expect(asked).toEqual(['', 'a', 'b', '', 'a', 'b'])
    expect(s.state?.nextCursor).toBeNull()
    asked = []
    await s.more()
    expect(asked).toEqual([])
  })
})
