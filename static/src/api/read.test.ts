import { describe, expect, it } from 'vitest'
import { readLimits, defaultLimits } from './limits'
import * as read from './read'

describe('reading what the server sends', () => {
  it('takes a full post', () => {
    const p = read.post({ id: 'a', circle_id: 'c', author: { id: 'u', handle: 'ann', display_name: 'Ann' }, text: 't', liked: true,
      counts: { version: 3, likes: 2, comments: 1 }, created_at: 'x', edited_at: null, can: { delete: { allowed: false, code: 'not_author', reason: 'r' } } })
    expect(p).toMatchObject({ id: 'a', liked: true, counts: { version: 3, likes: 2, comments: 1 }, editedAt: null })
    expect(p.can['delete']).toEqual({ allowed: false, code: 'not_author', reason: 'r', rule: [] })
  })

  it('takes the circle of a post where it is told', () => {
    expect(read.post({ id: 'a', circle: { id: 'c', name: 'Tea' } }).circle).toEqual({ id: 'c', name: 'Tea' })
    expect(read.post({ id: 'a', circle_id: 'c' }).circle).toBeNull()
  })

  it.each([null, undefined, 7, 'x', [], {}, { id: 5, author: 'x', counts: [] }])('survives %j', (odd) => {
    expect(() => [read.post(odd), read.circle(odd), read.comment(odd), read.person(odd), read.page(odd, read.post), readLimits(odd)]).not.toThrow()
    expect(read.circleEvent(odd)).toBeNull()
  })

  it('does not take an absent like for none', () => {
    expect(read.post({ id: 'a' }).liked).toBeNull()
  })

  it('ends a list at an absent, null or empty cursor', () => {
    for (const next_cursor of [undefined, null, '']) expect(read.page({ items: [], next_cursor }, read.post).nextCursor).toBeNull()
  })

  it('leaves kinds of news alone that it does not know', () => {
    expect(read.circleEvent({ type: 'tip.created', tip: {} })).toBeNull()
    expect(read.circleEvent({ type: 'photo.developed', photo: { id: 'x' } })).toBeNull()
    expect(read.circleEvent({ type: 'viewers', count: 3 })).toEqual({ type: 'viewers', count: 3 })
    expect(read.circleEvent({ type: 'comment.deleted', comment_id: 'x', post_id: 'p' })).toEqual({ type: 'comment.deleted', commentId: 'x', postId: 'p' })
  })

  it('takes a subscribe reply for the news of what is now', () => {
    const counts = { version: 4, likes: 3, comments: 2, tip_count: 1, tip_total: 500 }
    expect(read.joined({ circle: { id: 'c', name: 'Tea' }, can: {}, viewers: 7, counts: [{ id: 'p', ...counts }, { ...counts }] })).toMatchObject([
      { type: 'circle.updated', circle: { id: 'c', name: 'Tea' } },
      { type: 'counts', posts: [{ id: 'p', version: 4, likes: 3, comments: 2, tipCount: 1, tipTotal: 500 }] },
      { type: 'viewers', count: 7 },
    ])
    expect(read.joined(undefined)).toEqual([{ type: 'counts', posts: [] }])
  })

  it('reads photos with an address for each size, and none of another site', () => {
    const p = read.photo({ id: 'x', width: 4, height: 3, urls: { full: '/media/f.jpg', phone: '//evil.test/x.jpg', screen: 'https://evil.test/' }, review: 'pending' })
    expect(p).toEqual({ id: 'x', width: 4, height: 3, blurhash: '', sensitive: false, pending: true, urls: { phone: '/media/f.jpg', screen: '/media/f.jpg', full: '/media/f.jpg' } })
    expect(read.post({ id: 'p', photos: [{ id: 'x' }, { width: 3 }, null] }).photos.map((each) => each.id)).toEqual(['x'])
  })

  it('reads the limits, and keeps the defaults where one is missing', () => {
    const feed = { post_characters: 100, comment_characters: 90, circle_name_characters: 80, description_characters: 70, bio_characters: 60,
      place_characters: 50, display_name_characters: 40, tags: 3, tag_characters: 20, follows: 2000 }
    const photos = { file_bytes: 5, per_post: 4, accepted: ['image/png'] }
    expect(readLimits({ feed, categories: ['food'], payments: { providers: ['alipay', 'stripe'] }, photos })).toEqual({ postText: 100, commentText: 90, circleName: 80, description: 70, bio: 60,
      place: 50, displayName: 40, tags: 3, tag: 20, categories: ['food'], providers: ['alipay', 'stripe'], photos: { fileBytes: 5, perPost: 4, accepted: ['image/png'] } })
    expect(readLimits({ feed: { bio_characters: 1 } })).toEqual({ ...defaultLimits, bio: 1 })
  })
})
