import { describe, expect, it } from 'vitest'
import { dice } from './testkit'
import { Heights, offsetOf, rowsOf, visibleSpan } from './window'

const even = (n: number, height = 100): number[] => Array.from({ length: n }, () => height)

describe('the rows on screen', () => {
  it('are those that touch it, and some around it', () => {
    expect(visibleSpan(even(100), 1_000, 500, 0)).toEqual({ from: 10, to: 15 })
    expect(visibleSpan(even(100), 1_050, 500, 0)).toEqual({ from: 10, to: 16 })
    expect(visibleSpan(even(100), 1_000, 500, 200)).toEqual({ from: 8, to: 17 })
    expect(visibleSpan(even(3), -400, 500, 0)).toEqual({ from: 0, to: 1 })
  })

  it('are as many for a long list as for a short one', () => {
    const { from, to } = visibleSpan(even(10_000), 500_000, 800, 700)
    expect(to - from).toBeLessThan(24)
  })

  it('have one to hold on to when the screen is elsewhere', () => {
    expect(visibleSpan(even(10), -5_000, 500, 0)).toEqual({ from: 0, to: 1 })
    expect(visibleSpan(even(10), 5_000, 500, 0)).toEqual({ from: 9, to: 10 })
    expect(visibleSpan([], 0, 500, 0)).toEqual({ from: 0, to: 0 })
  })

  it('make room for all that is left out, whatever is drawn', () => {
    for (let seed = 0; seed < 200; seed++) {
      const roll = dice(seed)
      const heights = Array.from({ length: roll(60) }, () => 40 + roll(400))
      const span = visibleSpan(heights, roll(20_000) - 2_000, 100 + roll(1_000), roll(800))
      const kept = [roll(60), roll(60)].filter((i) => i < heights.length)
      const rows = rowsOf(heights, span, kept)
      const total = rows.reduce((sum, r) => sum + (r.kind === 'room' ? r.height : (heights[r.index] ?? 0)), 0)
      expect(total, `seed ${seed}`).toBe(offsetOf(heights, heights.length))
      const drawn = rows.flatMap((r) => (r.kind === 'item' ? [r.index] : []))
      expect(drawn).toEqual([...drawn].sort((a, b) => a - b))
      for (const i of kept) expect(drawn).toContain(i)
      // Each row begins where it would with all of them drawn.
      let y = 0
      for (const r of rows) {
        if (r.kind === 'item') expect(y).toBe(offsetOf(heights, r.index))
        y += r.kind === 'room' ? r.height : (heights[r.index] ?? 0)
      }
    }
  })
})

describe('heights', () => {
  it('are guessed from those that were measured', () => {
    const h = new Heights()
    expect(h.of('a')).toBe(150)
    h.measure('a', 100)
    h.measure('b', 300)
    expect([h.of('a'), h.of('b'), h.of('c')]).toEqual([100, 300, 200])
    expect([h.measure('a', 100), h.measure('a', 200)]).toEqual([false, true])
    expect(h.of('c')).toBe(250)
  })

  it('are kept of a bounded number of rows', () => {
    const h = new Heights()
    for (let n = 0; n < 5_000; n++) h.measure(`r${n}`, n < 1_000 ? 1_000 : 100)
    expect(h.guess).toBe(100)
    expect(h.of('r0')).toBe(100)
  })
})
