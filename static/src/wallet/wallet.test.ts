import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TransferStatus, Wallet } from '../api/money-types'
import { Problem } from '../api/problem'
import { wallet as readWallet } from '../api/read-money'
import { Following } from './follow.svelte'
import { WalletState } from './wallet.svelte'

const of = (amount: number, held = 0): Wallet => readWallet({ balance: { amount, currency: 'CNY' }, held })

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

describe('the wallet of who is signed in', () => {
  let reads: { resolve: (w: Wallet) => void; reject: (cause: unknown) => void }[]
  let state: WalletState
  const answer = async (n: number, w: Wallet): Promise<void> => {
    reads[n]?.resolve(w)
    await vi.advanceTimersByTimeAsync(0)
  }
  beforeEach(() => {
    reads = []
    state = new WalletState(() => new Promise((resolve, reject) => { reads.push({ resolve, reject }) }))
  })

  it('is read once for a burst of news, and once more for news while it is read', async () => {
    state.belongTo('u1')
    for (let n = 0; n < 20; n++) state.changed()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads).toHaveLength(1)
    for (let n = 0; n < 20; n++) state.changed()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads).toHaveLength(1)
    await answer(0, of(520))
    expect(reads).toHaveLength(2)
    await answer(1, of(708, 8))
    expect(state.value?.balance).toBe(708)
    expect(state.available).toBe(700)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reads).toHaveLength(2)
  })

  it('is nobody’s for a guest, and never shown to the next person', async () => {
    state.changed()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads).toHaveLength(0)
    state.belongTo('u1')
    await vi.advanceTimersByTimeAsync(1_000)
    state.belongTo('u2')
    await answer(0, of(111))
    expect(state.value).toBeNull()
    await answer(1, of(222))
    expect(state.value?.balance).toBe(222)
    state.belongTo('')
    expect(state.value).toBeNull()
  })

  it('says what went wrong, and keeps what it knew', async () => {
    state.belongTo('u1')
    await vi.advanceTimersByTimeAsync(1_000)
    await answer(0, of(520))
    void state.refresh()
    reads[1]?.reject(new Problem(503, 'unavailable', ''))
    await vi.advanceTimersByTimeAsync(0)
    expect([state.value?.balance, state.problem?.code]).toEqual([520, 'unavailable'])
  })
})

describe('a top-up that is followed', () => {
  const follow = (...states: (TransferStatus | Problem)[]) => {
    let asked = 0
    const f = new Following(async () => {
      const s = states[Math.min(asked++, states.length - 1)]
      if (s instanceof Problem) throw s
      return { status: s as TransferStatus }
    })
    return { f, asked: () => asked }
  }

  it('is asked after until it has ended, through lost answers', async () => {
    const { f, asked } = follow('pending', new Problem(0, 'network', ''), 'pending', 'paid')
    void f.ask()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(f.value?.status).toBe('paid')
    expect(asked()).toBe(4)
    void f.ask()
    expect(asked()).toBe(4)
  })

  it('is asked after at once when there is news', async () => {
    const { f } = follow('pending', 'failed')
    await f.ask()
    await f.ask()
    expect(f.ended).toBe(true)
  })

  it('is given up when it is not there, and when the reader leaves', async () => {
    const gone = follow(new Problem(404, 'topup_not_found', ''))
    void gone.f.ask()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(gone.asked()).toBe(1)
    expect(gone.f.problem?.code).toBe('topup_not_found')
    const left = follow('pending')
    await left.f.ask()
    left.f.close()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(left.asked()).toBe(1)
  })
})
