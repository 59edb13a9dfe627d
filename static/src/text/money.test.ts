import { describe, expect, it } from 'vitest'
import { formatShare, formatYuan, parseHundredths, parseYuan, plainHundredths } from './money'

describe('yuan as people write them', () => {
  it.each([
    ['5.20', 520], ['5.2', 520], ['5', 500], ['5.', 500], ['0.01', 1], ['.5', 50], ['.05', 5], ['0', 0], ['00.66', 66], ['005.20', 520],
    ['13.14', 1314], [' 1.88 ', 188], ['９．９９', 999], ['５。２', 520], ['¥5.20', 520], ['￥5.20', 520], ['5.2元', 520], ['5 块', 500],
    ['1,234.50', 123450], ['12,345,678', 1234567800], ['1，000', 100000], ['9999999999.99', 999999999999], ['4.35', 435], ['0.29', 29], ['1.15', 115],
  ])('%j is %i fen', (s, fen) => {
    expect(parseYuan(s)).toBe(fen)
  })

  it.each([
    '', ' ', '.', '¥', '元', '1e2', '5.200', '5.201', '0.001', '5,20', '1,23', '0,123', ',5', '1,2345', '-1', '+1', '--', 'abc', '5.2.0', '5 20',
    'Infinity', 'NaN', '0x10', '１２３４５６７８９０１', '99999999999', '½', '五', '٥', '5¥5',
  ])('%j is no amount', (s) => {
    expect(parseYuan(s)).toBeNull()
  })

  it('come back as they were, for every fen', () => {
    for (let fen = 0; fen <= 20_000; fen++) {
      expect(parseYuan(plainHundredths(fen))).toBe(fen)
      expect(parseYuan(formatYuan(fen, 'en'))).toBe(fen)
      expect(parseYuan(formatYuan(fen, 'zh-CN'))).toBe(fen)
    }
  })

  it('lose nothing where a double would', () => {
    for (const fen of [99_999_999_99, 123_456_789_01, 1, 10, 100]) expect(parseHundredths(plainHundredths(fen))).toBe(fen)
  })
})

describe('yuan as people read them', () => {
  it.each([
    [0, 'en', '¥0.00'], [1, 'en', '¥0.01'], [1314, 'zh-CN', '¥13.14'], [123456, 'en', '¥1,234.56'], [-520, 'en', '−¥5.20'], [5_000_000, 'zh-CN', '¥50,000.00'],
  ])('%i fen in %s are %j', (fen, lang, text) => {
    expect(formatYuan(fen, lang)).toBe(text)
  })

  it('say the sign where it matters, and are short where room is', () => {
    expect(formatYuan(520, 'en', { signed: true })).toBe('+¥5.20')
    expect(formatYuan(-520, 'zh-CN', { signed: true })).toBe('−¥5.20')
    expect(formatYuan(0, 'en', { signed: true })).toBe('¥0.00')
    expect(formatYuan(1314, 'en', { compact: true })).toBe('¥13.14')
    expect(formatYuan(12_345_678, 'en', { compact: true })).toBe('¥123.5K')
    expect(formatYuan(12_345_678, 'zh-CN', { compact: true })).toBe('¥12.3万')
  })
})

describe('shares', () => {
  it.each([[9000, '90%'], [1234, '12.34%'], [1, '0.01%'], [10_000, '100%'], [0, '0%'], [2950, '29.5%']])('%i ten-thousandths are %s', (n, text) => {
    expect(formatShare(n, 'en')).toBe(text)
    expect(parseHundredths(text.replace('%', ''))).toBe(n)
  })
})
