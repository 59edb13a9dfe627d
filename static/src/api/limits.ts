// The server's limits. Until they are read, or where one is missing, the
// defaults here hold; the server judges in any case.
import { defaultPhotoLimits } from '../photos/accept'
import { count, fields, list, text } from './read'
import type { components } from './schema'
import type { Limits } from './types'

export const defaultLimits: Limits = {
  postText: 5000,
  commentText: 2000,
  displayName: 50,
  bio: 500,
  circleName: 60,
  description: 2000,
  place: 100,
  tags: 10,
  tag: 30,
  categories: [],
  providers: ['sandbox'],
  photos: defaultPhotoLimits,
}

/** What a handle and a password may have; the server does not tell these. */
export const accountLimits = { handleMin: 3, handleMax: 30, passwordMin: 8 } as const

type Size = Exclude<keyof Limits, 'categories' | 'providers' | 'photos'>

/** Where the server's answer says each; a name that it does not have does not compile. */
const names: Readonly<Record<Size, keyof components['schemas']['FeedLimits']>> = {
  postText: 'post_characters',
  commentText: 'comment_characters',
  displayName: 'display_name_characters',
  bio: 'bio_characters',
  circleName: 'circle_name_characters',
  description: 'description_characters',
  place: 'place_characters',
  tags: 'tags',
  tag: 'tag_characters',
}

export function readLimits(v: unknown): Limits {
  const f = fields(v)
  const told = fields(f['feed'])
  const sizes = Object.entries(names).map(([size, name]) => [size, count(told[name]) || defaultLimits[size as Size]])
  const words = (v: unknown): string[] => list(v).map(text).filter(Boolean)
  const providers = words(fields(f['payments'])['providers'])
  const photos = fields(f['photos'])
  const accepted = words(photos['accepted'])
  return {
    ...(Object.fromEntries(sizes) as Record<Size, number>),
    categories: words(f['categories']),
    providers: providers.length > 0 ? providers : defaultLimits.providers,
    photos: {
      fileBytes: count(photos['file_bytes']) || defaultPhotoLimits.fileBytes,
      perPost: count(photos['per_post']) || defaultPhotoLimits.perPost,
      accepted: accepted.length > 0 ? accepted : defaultPhotoLimits.accepted,
    },
  }
}
