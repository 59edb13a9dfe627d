import { describe, expect, it } from 'vitest'
import type { SpendLimits, Terms } from '../api/money-types'
import { tip } from '../feed/testkit'
import { en } from '../i18n/en'
import { formatYuan } from '../text/money'
import { AmountChoice } from './amount.svelte'
import { checkoutAddress } from './checkout'
import { spendingText } from './spending'
import { formOf, readTerms, waitsFor } from './terms'
import { mergeTips } from './tips.svelte'

describe('an amount', () => {
  it('is the one that was tapped, else the one that is written', () => {
    const c = new AmountChoice([66, 520], 520)
    expect(c.fen).toBe(520)
    c.tapped = null
    c.written = '9.99'
    expect(c.fen).toBe(999)
    c.written = '1e2'
    expect(c.fen).toBeNull()
    c.choose(66)
    expect([c.tapped, c.fen]).toEqual([66, 66])
    c.choose(320)
    expect([c.tapped, c.written, c.fen]).toEqual([null, '3.20', 320])
  })
})

describe('one’s own limits', () => {
  const limits: SpendLimits = { perTip: 2000, perDay: 5000, perMonth: 9000, spentToday: 4500, spentMonth: 8800, next: null, nextAt: null }
  const said = (fen: number, l: Partial<SpendLimits> = {}): string => spendingText(fen, { ...limits, ...l }, en, (n) => formatYuan(n, 'en'))
  it('say what is left', () => {
    expect(said(200)).toBe('')
    expect(said(2001)).toContain('¥20.00')
    expect(said(501)).toBe(en.money.leftToday('¥5.00', '¥50.00'))
    expect(said(201)).toBe(en.money.leftMonth('¥2.00', '¥90.00'))
    expect(said(1, { spentToday: 9_999 })).toBe(en.money.leftToday('¥0.00', '¥50.00'))
  })
})

describe('an address to pay at', () => {
  it.each([
    ['/sandbox/checkout/x?token=t', 'http://here.test/sandbox/checkout/x?token=t'], ['https://pay.test/1', 'https://pay.test/1'],
    ['javascript:alert(1)', null], ['data:text/html,x', null], ['', null], ['https://', null],
  ])('%j leads to %j', (url, address) => {
    expect(checkoutAddress(url, 'http://here.test/wallet')).toBe(address)
  })
})

describe('terms', () => {
  const form = { author: '80', partner: '12.34', partnerIs: 'https://here.test/users/u7?x', maxTip: '50' }
  it('are ten-thousandths, and the rest is the platform’s', () => {
    expect(readTerms(form, 20_000).terms).toEqual({ author: 8000, partner: 1234, platform: 766, partnerId: 'u7', maxTip: 5000 })
    expect(readTerms({ ...form, partner: '', partnerIs: 'u7' }, 20_000).terms).toEqual({ author: 8000, partner: 0, platform: 2000, partnerId: null, maxTip: 5000 })
  })

  it.each([
    [{ author: '' }, 'author'], [{ author: '100.01' }, 'author'], [{ author: '80.001' }, 'author'], [{ partner: 'x' }, 'partner'], [{ partner: '20.01' }, 'sum'],
    [{ partnerIs: ' ' }, 'partnerIs'], [{ maxTip: '0' }, 'maxTip'], [{ maxTip: '200.01' }, 'maxTip'],
  ])('%j has a fault in %s', (change, fault) => {
    expect(readTerms({ ...form, ...change }, 20_000)).toEqual({ terms: null, fault })
  })

  it('come back as they were', () => {
    for (let author = 0; author <= 10_000; author += 37) {
      const t: Terms = { author, partner: 10_000 - author, platform: 0, partnerId: author < 10_000 ? 'u7' : null, maxTip: 1 + author }
      expect(readTerms(formOf(t), 20_000).terms).toEqual(t)
    }
  })

  it('wait for who has not signed', () => {
    const c = { version: 1, author: 0, partner: 1, platform: 9999, partnerId: 'u7', maxTip: 1, ownerSignedAt: 'then', partnerSignedAt: null }
    expect([waitsFor(c, 'owner', 'u1'), waitsFor(c, 'partner', 'u7'), waitsFor(c, 'partner', 'u8'), waitsFor(c, null, 'u7')]).toEqual([false, true, false, false])
  })
})

describe('a list of tips', () => {
  it('has each once, the newest first, and forgets nothing that news hides', () => {
    const known = [tip(3, 'p', 9, { message: 'secret', visibility: 'receiver' }), tip(1, 'p', 1)]
    const merged = mergeTips(known, [tip(4, 'p', 12), tip(3, 'p', 9, { from: null, visibility: 'receiver' })])
    expect(merged.map((t) => t.id)).toEqual([4, 3, 1].map((n) => tip(n, 'p', 0).id))
    expect(merged[1]).toMatchObject({ message: 'secret', from: { displayName: 'Bob' } })
  })
})
