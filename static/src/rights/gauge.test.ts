import { describe, expect, it } from 'vitest'
import { alongScale, arc, bandOf, bands, historyLine, pointAt } from './gauge'

const middle = { x: 0, y: 0 }

describe('the gauge', () => {
  it('holds every score, and those out of range at its ends', () => {
    expect([200, 350, 650, 950, 2000].map(alongScale)).toEqual([0, 0, 0.5, 1, 1])
  })

  it('begins lower left, is highest in the middle and ends lower right', () => {
    const [first, top, last] = [350, 650, 950].map((s) => pointAt(s, 100, middle))
    expect(first).toEqual({ x: -86.6, y: 50 })
    expect(top).toEqual({ x: 0, y: -100 })
    expect(last).toEqual({ x: 86.6, y: 50 })
  })

  it('draws the long way only where it is longer than half a circle', () => {
    expect(arc(350, 950, 100, middle)).toContain('0 1 1')
    expect(arc(350, 750, 100, middle)).toContain('0 0 1')
    expect(arc(500, 500, 100, middle)).toBe('')
  })

  it('has bands without holes, with their edges in the higher one', () => {
    bands.forEach((b, i) => expect(b.to).toBe(bands[i + 1]?.from ?? 950))
    expect([350, 549, 550, 599, 600, 650, 699, 700, 950].map(bandOf)).toEqual(['new', 'new', 'fair', 'fair', 'good', 'very_good', 'very_good', 'super_good', 'super_good'])
  })
})

describe('the line of a score', () => {
  it('needs two times', () => {
    expect(historyLine([], 100, 50)).toBeNull()
    expect(historyLine([{ day: '2026-11-01', score: 500 }], 100, 50)).toBeNull()
    expect(historyLine([{ day: 'x', score: 500 }, { day: '2026-11-01', score: 500 }], 100, 50)).toBeNull()
  })

  it('fills the box from the first time to the last, higher scores higher', () => {
    const line = historyLine([{ day: '2026-11-01', score: 500 }, { day: '2026-11-06', score: 590 }, { day: '2026-11-11', score: 560 }], 100, 50)
    expect(line?.points.map((p) => p.x)).toEqual([0, 50, 100])
    const [a, b, c] = line?.points ?? []
    expect((b?.y ?? 0) < (c?.y ?? 0) && (c?.y ?? 0) < (a?.y ?? 0)).toBe(true)
    expect([line?.lowest, line?.highest]).toEqual([450, 600])
    expect(line?.path).toContain('H') // it holds until the next one
  })

  it('is drawn through where each night brought another, and in steps else', () => {
    const days = (...all: string[]) => historyLine(all.map((day, i) => ({ day, score: 500 + 10 * i })), 100, 50)?.path
    expect(days('2026-11-01', '2026-11-02', '2026-11-03')).not.toContain('H')
    expect(days('2026-11-01', '2026-11-02', '2026-11-09')).toContain('H')
    expect(days('2026-11-01T00:00:00Z', '2026-11-01T00:00:09Z')).toContain('H')
  })

  it('stays in the box for a score that never changes, and at the ends', () => {
    for (const score of [350, 600, 950]) {
      const line = historyLine([{ day: '2026-11-01', score }, { day: '2026-11-02', score }], 100, 50)
      for (const p of line?.points ?? []) expect(p.y >= 0 && p.y <= 50).toBe(true)
    }
  })
})
