// How each act reaches the server.
import type { ViewerApi } from '../api/api'
import type { Entry } from './entry'

export function sendEntry(api: ViewerApi, { act, key }: Entry): Promise<unknown> {
  switch (act.kind) {
    case 'post':
      return api.createPost(act.circle, act.text, key, act.photos)
    case 'comment':
      return api.createComment(act.post, act.text, act.replyTo, key)
    case 'like':
      return api.like(act.post, act.wanted)
    case 'follow':
      return api.follow(act.circle, act.wanted)
  }
}
