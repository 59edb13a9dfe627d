import { describe, expect, it } from 'vitest'
import { countGraphemes, excess, firstGrapheme } from './graphemes'
import { ago } from './when'

describe('characters as people count them', () => {
  it.each([['', 0], ['abc', 3], ['你好', 2], ['👨‍👩‍👧‍👦', 1], ['e\u0301', 1], ['🇨🇳🇫🇷', 2]])('%j has %i', (s, n) => {
    expect(countGraphemes(s)).toBe(n)
  })

  it.each([['abc', 3, 0], [' abc ', 3, 0], ['abcd', 3, 1], ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 2, 0], ['你好吗', 1, 2]])('are told from a limit: %j in %i is %i too many', (s, max, over) => {
    expect(excess(s, max)).toBe(over)
  })

  it('takes the first one whole', () => {
    expect(firstGrapheme('  👨‍👩‍👧‍👦 family')).toBe('👨‍👩‍👧‍👦')
    expect(firstGrapheme(' ')).toBe('')
  })
})

describe('times', () => {
  const now = Date.UTC(2026, 10, 23, 12)
  const before = (ms: number): string => new Date(now - ms).toISOString()
  it('are told from now', () => {
    expect(ago(before(5_000), now, 'en', 'just now')).toBe('just now')
    expect(ago(before(-90_000), now, 'en', 'just now')).toBe('just now') // a clock that is ahead
    expect(ago(before(3 * 60_000), now, 'en', '')).toContain('3')
    expect(ago(before(30 * 86_400_000), now, 'en', '')).toBe('Oct 24')
    expect(ago('nonsense', now, 'en', '')).toBe('')
  })
})
