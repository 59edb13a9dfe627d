import { describe, expect, it } from 'vitest'
import * as money from './read-money'

describe('reading money', () => {
  it.each([null, undefined, 7, 'x', [], {}, { balance: 5, items: 'x', holds: [null], current: 'x', pending: [], amount: 5.5, from: 3 }])('survives %j', (odd) => {
    for (const read of Object.values(money)) expect(() => read(odd)).not.toThrow()
    expect(money.wallet(odd).balance).toBe(0)
    expect(money.contracts(odd).pending).toBeNull()
  })

  it('takes a tip as it is told to everybody', () => {
    const t = money.tip({ id: 't', post_id: 'p', amount: 520, currency: 'CNY', from: null, message: '', visibility: 'receiver', tip_total: 708,
      split: [{ to: 'author', user_id: 'u1', amount: 468 }, { to: 'platform', amount: 52 }], created_at: 'x' })
    expect(t).toEqual({ id: 't', postId: 'p', amount: 520, from: null, message: '', visibility: 'receiver', refunded: 0, tipTotal: 708, createdAt: 'x',
      split: [{ to: 'author', userId: 'u1', amount: 468 }, { to: 'platform', userId: null, amount: 52 }] })
  })

  it('takes a wallet with what is held and what waits', () => {
    const limits = { per_tip: 1, per_day: 2, per_month: 3, spent_today: 4, spent_month: 5, next: { per_tip: 1, per_day: 9, per_month: 3 }, next_at: 'then' }
    const w = money.wallet({ balance: { amount: 900, currency: 'CNY' }, held: 200, limits,
      holds: [{ id: 'h', kind: 'withdrawal', amount: 200, reason: 'withdrawal', release_at: null, created_at: 'x' }, { kind: 'review' }] })
    expect(w).toMatchObject({ balance: 900, held: 200, holds: [{ id: 'h', amount: 200, releaseAt: null }], limits: { perTip: 1, spentMonth: 5, next: { perDay: 9 }, nextAt: 'then' } })
    expect(w.holds).toHaveLength(1)
    expect(money.limits({ next: { per_day: 9 }, next_at: null }).next).toBeNull()
  })

  it('takes nothing for money that is no whole number of fen', () => {
    expect(money.statement({ items: [{ version: 1, amount: -5.5, balance: '3' }, { version: 0, amount: 5 }] }).items).toMatchObject([{ amount: 0, balance: 0 }])
  })
})
