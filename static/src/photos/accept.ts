// What may be added to a post, judged before anything is sent. Pure.
import { Problem } from '../api/problem'

export interface PhotoLimits {
  fileBytes: number
  perPost: number
  accepted: readonly string[] // media types
}

export const defaultPhotoLimits: PhotoLimits = {
  fileBytes: 20 * 1024 * 1024, perPost: 9, accepted: ['image/jpeg', 'image/png', 'image/webp', 'image/gif'],
}

/** Why a file cannot be a photo here; null: it can, as far as one can tell without opening it. */
export function fileProblem(file: Pick<File, 'name' | 'type' | 'size'>, limits: PhotoLimits): Problem | null {
  if (/hei[cf]/i.test(file.type) || /\.hei[cf]$/i.test(file.name)) return new Problem(0, 'photo_heic', '')
  if (file.type !== '' && !limits.accepted.includes(file.type)) return new Problem(0, file.type.startsWith('video/') ? 'photo_video' : 'photo_kind_unsupported', '')
  if (file.size === 0) return new Problem(0, 'photo_unreadable', '')
  if (file.size > limits.fileBytes) return new Problem(0, 'photo_too_large', '')
  return null
}

/** The photos of what was dropped or pasted; text that came along is none. */
export function filesOf(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])]
}
