import { flushSync, mount, tick, unmount } from 'svelte'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MoneyApi } from '../api/money-api'
import type { NewTip } from '../api/money-types'
import { Problem } from '../api/problem'
import * as money from '../api/read-money'
import { App, appContext } from '../app.svelte'
import { Feed } from '../feed/feed.svelte'
import { circleId, counted, pageOf, post, tip } from '../feed/testkit'
import FeedList from './FeedList.svelte'

const viewer = { id: 'u9', handle: 'zoe', displayName: 'Zoe' }
const at = (id: string): HTMLElement | null => document.querySelector(`[data-testid="${id}"]`)
const settle = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await tick()
  flushSync()
}

let sent: { tip: NewTip; key: string }[]
let outcomes: (Problem | 'paid')[]
let balance: number
let page: object | null = null
let app: App
let feed: Feed

async function show(who: typeof viewer | null, total = 0, author = post(1).author): Promise<void> {
  app = new App()
  if (who !== null) app.session.signedIn({ user: who, accessToken: 'a', expiresInSeconds: 900 })
  Object.assign(app.money, {
    quote: async (_: string, amount: number) => money.quote({ amount, max_tip: 10_000, split: [{ to: 'author', amount: amount - 52 }, { to: 'platform', amount: 52 }] }),
    wallet: async () => money.wallet({ balance: { amount: balance }, held: 0, limits: { per_tip: 10_000, per_day: 10_000, per_month: 10_000, spent_today: 9_700 } }),
    tip: async (id: string, t: NewTip, key: string) => {
      sent.push({ tip: t, key })
      const outcome = outcomes.shift() ?? 'paid'
      if (outcome !== 'paid') throw outcome
      return tip(1, id, total + t.amount, { amount: t.amount })
    },
  } satisfies Partial<MoneyApi>)
  app.wallet.belongTo(who?.id ?? '')
  const here = post(1, { counts: counted(1, { tipTotal: total, tipCount: total > 0 ? 1 : 0 }), author })
  feed = new Feed(app.api, async () => pageOf([here]), { live: { watch: () => () => undefined }, circle: circleId })
  page = mount(FeedList, { target: document.body, props: { feed, empty: '' }, context: appContext(app) })
  await settle()
}

async function open(): Promise<void> {
  at('tip-button')?.click()
  await vi.advanceTimersByTimeAsync(300)
  await settle()
}

async function send(): Promise<void> {
  at('tip-send')?.closest('form')?.dispatchEvent(new SubmitEvent('submit', { cancelable: true, bubbles: true }))
  await settle()
}

// The sheets' code, which is fetched when they are opened.
beforeAll(() => Promise.all([import('./TipSheet.svelte'), import('./TipList.svelte')]))
beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  outcomes = []
  balance = 10_000
  localStorage.clear()
})
afterEach(async () => {
  if (page !== null) await unmount(page)
  page = null
  vi.useRealTimers()
})

describe('a tip', () => {
  it('shows where it goes before it is sent, once for two taps, and its total at once', async () => {
    await show(viewer, 188)
    await open()
    expect(at('split-author')?.dataset['fen']).toBe('468')
    const tapped = [send(), send()]
    await Promise.all(tapped)
    expect(sent).toHaveLength(1)
    expect(sent[0]?.tip).toEqual({ amount: 520, message: '', visibility: 'public' })
    expect(at('tip-sent')).not.toBeNull()
    expect(at('tip-total')?.textContent).toBe('¥7.08')
    expect(document.activeElement).toBe(at('tip-done'))
  })

  it('is asked after with its key when its answer was lost, also by the next sheet', async () => {
    outcomes = Array.from({ length: 5 }, () => new Problem(0, 'network', ''))
    await show(viewer)
    await open()
    await send()
    await vi.advanceTimersByTimeAsync(60_000)
    await settle()
    expect(at('tip-open')?.textContent).toContain('¥5.20')
    expect(sent).toHaveLength(5)
    if (page !== null) await unmount(page)
    await show(viewer)
    await open()
    await send()
    expect(at('tip-sent')).not.toBeNull()
    expect(new Set(sent.map((s) => s.key)).size).toBe(1)
  })

  it('says that there is not enough, how much is missing and where to get it', async () => {
    balance = 200
    await show(viewer)
    await open()
    expect(at('tip-missing')?.textContent).toContain('¥3.20')
    expect(at('tip-topup')?.getAttribute('href')).toBe('/wallet?add=320')
    expect((at('tip-send') as HTMLButtonElement).disabled).toBe(true)
    await send()
    expect(sent).toEqual([])
  })

  it('says what is left of a limit when it is refused', async () => {
    outcomes = [new Problem(403, 'tip_day_limit', 'SERVER')]
    await show(viewer)
    await open()
    await send()
    await settle()
    expect(at('tip-problem')?.textContent).toContain('¥3.00')
    await send() // a new wish
    expect(new Set(sent.map((s) => s.key)).size).toBe(2)
  })

  it('is not for guests, who are asked to sign in, nor for the author', async () => {
    await show(null)
    await open()
    expect(at('tip-sheet')).toBeNull()
    expect(location.pathname).toBe('/signin')
    if (page !== null) await unmount(page)
    await show(viewer, 520, viewer)
    expect(at('tip-button')).toBeNull()
    expect(at('tip-total')?.dataset['total']).toBe('520')
  })
})
