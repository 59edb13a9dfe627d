// The calls about who runs a circle.
import createClient from 'openapi-fetch'
import { query, settled } from './call'
import * as read from './read'
import type { paths } from './schema'
import type { Author, Page, Role } from './types'

/** Somebody who runs a circle, or shares its tips. */
export interface Member {
  id: string // the person's
  user: Author
  role: Role
}

export const roles: readonly Role[] = ['owner', 'moderator', 'partner']
const pageSize = 20

function member(v: unknown): Member {
  const f = read.fields(v)
  const user = read.author(f['user'])
  const role = roles.find((r) => r === f['role'])
  return { id: role === undefined ? '' : user.id, user, role: role ?? 'moderator' } // one without an id is dropped
}

export function membersApi(send: (request: Request) => Promise<Response>) {
  const { GET, PUT, DELETE } = createClient<paths>({ baseUrl: location.origin, fetch: send })
  const of = (id: string, user: string): { path: { id: string; user: string } } => ({ path: { id, user } })
  return {
    /** Owners, then moderators, then partners. */
    members: async (circle: string, cursor: string | null = null): Promise<Page<Member>> => {
      const params = { path: { id: circle }, query: query(cursor, pageSize) }
      return read.page(await settled(GET('/v1/circles/{id}/members', { params })), member)
    },
    userByHandle: async (handle: string): Promise<Author> =>
      read.author(await settled(GET('/v1/users/by-handle/{handle}', { params: { path: { handle } } }))),
    giveRole: async (circle: string, user: string, role: Role): Promise<void> => {
      await settled(PUT('/v1/circles/{id}/members/{user}', { params: of(circle, user), body: { role } }))
    },
    endRole: async (circle: string, user: string): Promise<void> => {
      await settled(DELETE('/v1/circles/{id}/members/{user}', { params: of(circle, user) }))
    },
  }
}

export type MembersApi = ReturnType<typeof membersApi>
