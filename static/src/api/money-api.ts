// The calls that have to do with money. Who moves some gives a key that makes
// a repeated request harmless, see intent.svelte.ts.
import createClient from 'openapi-fetch'
import { query, keyed, settled } from './call'
import type { Contract, Contracts, NewTip, NewTransfer, Quote, SpendLimits, StatementPage, Terms, Tip, TipLimits, TopUp, Wallet, Withdrawal } from './money-types'
import * as read from './read'
import * as money from './read-money'
import type { paths } from './schema'
import type { Page } from './types'

const currency = 'CNY' as const
const tipPageSize = 30
const statementPageSize = 100

export function moneyApi(send: (request: Request) => Promise<Response>) {
  const { GET, POST, PATCH } = createClient<paths>({ baseUrl: location.origin, fetch: send })
  const at = (id: string): { path: { id: string } } => ({ path: { id } })
  return {
    quote: async (post: string, amount: number): Promise<Quote> =>
      money.quote(await settled(GET('/v1/posts/{id}/tips/quote', { params: { ...at(post), query: { amount: String(amount) } } }))),
    tip: async (post: string, tip: NewTip, key: string): Promise<Tip> => {
      const { message, ...rest } = tip
      const body = { ...rest, currency, ...(message === '' ? {} : { message }) }
      return money.tip(await settled(POST('/v1/posts/{id}/tips', { params: { ...at(post), header: keyed(key) }, body })))
    },
    tips: async (post: string, cursor: string | null = null): Promise<Page<Tip>> =>
      read.page(await settled(GET('/v1/posts/{id}/tips', { params: { ...at(post), query: query(cursor, tipPageSize) } })), money.tip),
    refund: async (tip: string, key: string): Promise<void> => {
      await settled(POST('/v1/tips/{id}/refund', { params: { ...at(tip), header: keyed(key) }, body: {} }))
    },

    wallet: async (): Promise<Wallet> => money.wallet(await settled(GET('/v1/wallet'))),
    setLimits: async (limits: Partial<TipLimits>): Promise<SpendLimits> => {
      const { perTip, perDay, perMonth } = limits
      const body = {
        ...(perTip === undefined ? {} : { per_tip: perTip }),
        ...(perDay === undefined ? {} : { per_day: perDay }),
        ...(perMonth === undefined ? {} : { per_month: perMonth }),
      }
      return money.limits(await settled(PATCH('/v1/wallet/limits', { body })))
    },
    startTopUp: async ({ amount, provider }: NewTransfer, key: string): Promise<TopUp> =>
      money.topUp(await settled(POST('/v1/wallet/topups', { params: { header: keyed(key) }, body: { amount, currency, provider } }))),
    topUp: async (id: string): Promise<TopUp> => money.topUp(await settled(GET('/v1/wallet/topups/{id}', { params: at(id) }))),
    withdraw: async (w: NewTransfer, key: string): Promise<Withdrawal> =>
      money.withdrawal(await settled(POST('/v1/wallet/withdrawals', { params: { header: keyed(key) }, body: { ...w, currency } }))),
    withdrawal: async (id: string): Promise<Withdrawal> =>
      money.withdrawal(await settled(GET('/v1/wallet/withdrawals/{id}', { params: at(id) }))),
    statement: async (month: string, cursor: string | null = null): Promise<StatementPage> =>
      money.statement(await settled(GET('/v1/wallet/statement', { params: { query: { month, ...query(cursor, statementPageSize) } } }))),
    /** All of a month, as a file to keep. */
    statementFile: async (month: string): Promise<Blob> =>
      (await settled(GET('/v1/wallet/statement', { params: { query: { month, format: 'csv' } }, parseAs: 'blob' }))) as Blob,

    contracts: async (circle: string): Promise<Contracts> =>
      money.contracts(await settled(GET('/v1/circles/{id}/contract', { params: at(circle) }))),
    signContract: async (circle: string, terms: Terms, key: string): Promise<Contract> => {
      const { partnerId, maxTip, ...shares } = terms
      const body = { ...shares, max_tip: maxTip, ...(partnerId === null ? {} : { partner_id: partnerId }) }
      return money.contract(await settled(POST('/v1/circles/{id}/contract', { params: { ...at(circle), header: keyed(key) }, body })))
    },
  }
}

export type MoneyApi = ReturnType<typeof moneyApi>
