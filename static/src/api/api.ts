// The calls that the screens make. The description's types hold what is sent;
// answers go through read.ts.
import createClient from 'openapi-fetch'
import { keyed, query, settled } from './call'
import { readLimits } from './limits'
import { Problem } from './problem'
import * as read from './read'
import type { Rules } from './rights-types'
import type { paths } from './schema'
import type { Circle, Comment, Limits, Page, Person, Post, Session } from './types'

export type CircleSort = 'top' | 'new'
export interface NewCircle {
  name: string
  description: string
  category?: string
  tags?: string[]
  place?: string
  parent?: string
  rules?: Rules
  rules_reason?: string
}

const pageSize = 20
const commentPageSize = 20
const circlePageSize = 24

/** Calls that need no session: these never wait for a token. */
export function openApi(send: (request: Request) => Promise<Response>) {
  const { GET, POST } = createClient<paths>({ baseUrl: location.origin, fetch: send })
  const params = { header: inCookie }
  const old = (token: string | null): { refresh_token?: string } => (token === null ? {} : { refresh_token: token })
  return {
    limits: async (): Promise<Limits> => readLimits(await settled(GET('/v1/limits'))),
    register: async (body: { handle: string; password: string; display_name: string }): Promise<Session> =>
      session(await settled(POST('/v1/auth/register', { params, body }))),
    login: async (body: { handle: string; password: string }): Promise<Session> =>
      session(await settled(POST('/v1/auth/login', { params, body }))),
    /** `token`: one that is not in the cookie yet. */
    refresh: async (token: string | null): Promise<Session> =>
      session(await settled(POST('/v1/auth/refresh', { params, body: old(token) }))),
    logout: async (token: string | null): Promise<void> => {
      await settled(POST('/v1/auth/logout', { params, body: old(token) }))
    },
  }
}

/** The refresh token is kept where no script can read it. */
const inCookie = { 'X-Lifecircle-Session': 'cookie' } as const

function session(v: unknown): Session {
  const s = read.session(v)
  if (s.accessToken === '') throw new Problem(0, 'unexpected', 'the answer holds no token')
  return s
}

/** Calls made as whoever is signed in, or as a guest. */
export function viewerApi(send: (request: Request) => Promise<Response>) {
  const { GET, POST, PUT, PATCH, DELETE } = createClient<paths>({ baseUrl: location.origin, fetch: send })
  const at = (id: string): { path: { id: string } } => ({ path: { id } })
  return {
    me: async (): Promise<Person> => read.person(await settled(GET('/v1/me'))),
    editMe: async (body: { display_name: string; bio: string }): Promise<Person> =>
      read.person(await settled(PATCH('/v1/me', { body }))),
    signOutEverywhere: async (): Promise<void> => {
      await settled(DELETE('/v1/auth/sessions', { params: { header: inCookie } }))
    },
    user: async (id: string): Promise<Person> => read.person(await settled(GET('/v1/users/{id}', { params: at(id) }))),

    circles: async (sort: CircleSort, tag: string, cursor: string | null = null): Promise<Page<Circle>> => {
      const filter = tag === '' ? { sort } : { sort, tag }
      const params = { query: { ...filter, ...query(cursor, circlePageSize) } }
      return read.page(await settled(GET('/v1/circles', { params })), read.circle)
    },
    circle: async (id: string): Promise<Circle> => read.circle(await settled(GET('/v1/circles/{id}', { params: at(id) }))),
    createCircle: async (body: NewCircle, key: string): Promise<Circle> =>
      read.circle(await settled(POST('/v1/circles', { params: { header: keyed(key) }, body }))),
    follow: async (id: string, wanted: boolean): Promise<{ following: boolean; followers: number }> => {
      const call = wanted ? PUT('/v1/circles/{id}/follow', { params: at(id) }) : DELETE('/v1/circles/{id}/follow', { params: at(id) })
      const f = read.fields(await settled(call))
      return { following: f['following'] === true, followers: read.count(f['followers']) }
    },

    circlePosts: async (id: string, cursor: string | null = null, limit = pageSize): Promise<Page<Post>> => {
      const params = { ...at(id), query: query(cursor, limit) }
      return read.page(await settled(GET('/v1/circles/{id}/posts', { params })), read.post)
    },
    home: async (cursor: string | null = null, limit = pageSize): Promise<Page<Post>> =>
      read.page(await settled(GET('/v1/home', { params: { query: query(cursor, limit) } })), read.post),
    /** What a person posted, newest first: pages may be short, and even empty, before the last. */
    userPosts: async (id: string, cursor: string | null = null, limit = pageSize): Promise<Page<Post>> =>
      read.page(await settled(GET('/v1/users/{id}/posts', { params: { ...at(id), query: query(cursor, limit) } })), read.post),
    post: async (id: string): Promise<Post> => read.post(await settled(GET('/v1/posts/{id}', { params: at(id) }))),
    createPost: async (circle: string, text: string, key: string, photos: readonly string[] = []): Promise<Post> => {
      const params = { ...at(circle), header: keyed(key) }
      const body = photos.length === 0 ? { text } : { text, photos: [...photos] }
      return read.post(await settled(POST('/v1/circles/{id}/posts', { params, body })))
    },
    editPost: async (id: string, text: string): Promise<Post> =>
      read.post(await settled(PATCH('/v1/posts/{id}', { params: at(id), body: { text } }))),
    deletePost: async (id: string): Promise<void> => {
      await settled(DELETE('/v1/posts/{id}', { params: at(id) }))
    },
    like: async (id: string, wanted: boolean): Promise<{ liked: boolean; likes: number }> => {
      const call = wanted ? PUT('/v1/posts/{id}/like', { params: at(id) }) : DELETE('/v1/posts/{id}/like', { params: at(id) })
      const f = read.fields(await settled(call))
      return { liked: f['liked'] === true, likes: read.count(f['likes']) }
    },

    comments: async (post: string, cursor: string | null = null): Promise<Page<Comment>> => {
      const params = { ...at(post), query: query(cursor, commentPageSize) }
      return read.page(await settled(GET('/v1/posts/{id}/comments', { params })), read.comment)
    },
    createComment: async (post: string, text: string, replyTo: string | null, key: string): Promise<Comment> => {
      const body = replyTo === null ? { text } : { text, reply_to: replyTo }
      const params = { ...at(post), header: keyed(key) }
      return read.comment(await settled(POST('/v1/posts/{id}/comments', { params, body })))
    },
    deleteComment: async (id: string): Promise<void> => {
      await settled(DELETE('/v1/comments/{id}', { params: at(id) }))
    },
  }
}

export type OpenApi = ReturnType<typeof openApi>
export type ViewerApi = ReturnType<typeof viewerApi>
