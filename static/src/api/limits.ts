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
  passwordMax: 128,
  circleNameMax: 60,
  circleDescriptionMax: 1000,
  bioMax: 300,
  tagsMax: 10,
  tagMax: 30,
  categories: [],
}

export function readLimits(v: unknown): Limits {
  const f = fields(v)
  const number = (fallback: number, ...names: string[]): number => {
    for (const name of names) {
      const n = count(f[name])
      if (n > 0) return n
    }
    return fallback
  }
  const d = defaultLimits
  return {
    postTextMax: number(d.postTextMax, 'post_text_max_graphemes'),
    commentTextMax: number(d.commentTextMax, 'comment_text_max_graphemes'),
    displayNameMax: number(d.displayNameMax, 'display_name_max_graphemes', 'display_name_max'),
    handleMin: number(d.handleMin, 'handle_min'),
    handleMax: number(d.handleMax, 'handle_max'),
    passwordMin: number(d.passwordMin, 'password_min'),
    passwordMax: number(d.passwordMax, 'password_max'),
    circleNameMax: number(d.circleNameMax, 'circle_name_max_graphemes', 'circle_name_max'),
    circleDescriptionMax: number(d.circleDescriptionMax, 'circle_description_max_graphemes', 'circle_description_max'),
    bioMax: number(d.bioMax, 'bio_max_graphemes', 'bio_max'),
    tagsMax: number(d.tagsMax, 'tags_max', 'circle_tags_max'),
    tagMax: number(d.tagMax, 'tag_max_graphemes', 'tag_max'),
    categories: list(f['categories']).map((c) => text(c) || text(fields(c)['id'])).filter(Boolean),
  }
}
