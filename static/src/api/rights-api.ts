// The calls about rights: what is verified, the score, the rules of a circle,
// contacts.
import { keyed, query } from './call'
import { asProblem, problemOf } from './problem'
import * as read from './read'
import * as rights from './read-rights'
import type { CircleRules, Contact, ContactState, Credit, NewRules, NewVerification, Preview, Standing, Verification } from './rights-types'
import type { Page } from './types'

const contactsPageSize = 100

export function rightsApi(send: (request: Request) => Promise<Response>) {
  /** The answer's body, or a Problem thrown. */
  async function ask(method: string, path: string, body?: unknown, key?: string): Promise<unknown> {
    const headers = { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...(key === undefined ? {} : keyed(key)) }
    let response: Response
    try {
      response = await send(new Request(new URL(path, location.origin), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }))
    } catch (cause) {
      throw asProblem(cause)
    }
    const answer: unknown = await response.json().catch(() => null) // empty: 204
    if (!response.ok) throw problemOf(response.status, answer, response.headers.get('Retry-After'))
    return answer
  }
  const part = encodeURIComponent
  const circle = (id: string): string => `/v1/circles/${part(id)}/rules`
  return {
    verifications: async (): Promise<Standing> => rights.standing(await ask('GET', '/v1/me/verifications')),
    verify: async (body: NewVerification, key: string): Promise<Verification> => rights.verification(await ask('POST', '/v1/me/verifications', body, key)),

    credit: async (): Promise<Credit> => rights.credit(await ask('GET', '/v1/me/credit')),
    appeal: async (event: string, text: string, key: string): Promise<void> => {
      await ask('POST', '/v1/me/credit/appeals', { event_id: event, text }, key)
    },
    vouch: async (user: string, key: string): Promise<void> => {
      await ask('POST', `/v1/users/${part(user)}/vouch`, {}, key)
    },

    rules: async (id: string): Promise<CircleRules> => rights.circleRules(await ask('GET', circle(id))),
    setRules: async (id: string, body: NewRules, key: string): Promise<CircleRules> => rights.circleRules(await ask('POST', circle(id), body, key)),
    previewRules: async (id: string, body: NewRules): Promise<Preview> => rights.preview(await ask('POST', `${circle(id)}/preview`, body)),

    contacts: async (state: Exclude<ContactState, 'none'>, cursor: string | null = null): Promise<Page<Contact>> => {
      const q = new URLSearchParams(Object.entries({ state, ...query(cursor, contactsPageSize) }).map(([k, v]) => [k, String(v)]))
      return read.page(await ask('GET', `/v1/me/contacts?${q}`), rights.contact)
    },
    /** With the state `none` where there is nothing between the two. */
    contact: async (user: string): Promise<Contact> => rights.contact(await ask('GET', `/v1/me/contacts/${part(user)}`)),
    /** Asks, or accepts what the other asked. */
    addContact: async (user: string): Promise<Contact> => rights.contact(await ask('PUT', `/v1/me/contacts/${part(user)}`)),
    endContact: async (user: string): Promise<void> => {
      await ask('DELETE', `/v1/me/contacts/${part(user)}`)
    },
  }
}

export type RightsApi = ReturnType<typeof rightsApi>
