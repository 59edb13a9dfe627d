// The server's limits. Until they are read, or where one is missing, the
// defaults here hold; the server judges in any case.
import { count, fields, list, text } from './read'
import type { Limits } from './types'

export const defaultLimits: Limits = {
  postTextMax: 5000,
  commentTextMax: 5000,
  displayNameMax: 50,
  handleMin: 3,
  handleMax: 30,
  passwordMin: 8,
  categories: [],
}

export function readLimits(v: unknown): Limits {
  const f = fields(v)
  const feed = fields(f['feed'])
  const auth = fields(f['auth'])
  const d = defaultLimits
  return {
    postTextMax: count(feed['post_characters']) || d.postTextMax,
    commentTextMax: count(feed['comment_characters']) || d.commentTextMax,
    displayNameMax: count(feed['display_name_characters']) || d.displayNameMax,
    handleMin: count(auth['handle_characters_min']) || d.handleMin,
    handleMax: count(auth['handle_characters_max']) || d.handleMax,
    passwordMin: count(auth['password_characters_min']) || d.passwordMin,
    categories: list(f['categories']).map(text).filter(Boolean),
  }
}
