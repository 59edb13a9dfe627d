import { describe, expect, it } from 'vitest'
import { addPage, applyCounts } from './feed-store'
import { likeAnswered, likeAsked, likeFailed, likeShown } from './likes'
import { emptyFeed, type FeedState } from './state'
import { counted as numbers, pageOf, post } from './testkit'

const id = post(1).id
const start = (liked: boolean, likes: number, version = 1): FeedState =>
  addPage(emptyFeed, pageOf([post(1, { liked, counts: numbers(version, { likes }) })]))
const shown = (s: FeedState) => {
  const p = s.posts[0]
  if (p === undefined) throw new Error('no post')
  return likeShown(s, p)
}
const counted = (s: FeedState, version: number, likes: number): FeedState => applyCounts(s, [{ id, ...numbers(version, { likes }) }])

describe('a like', () => {
  it('is shown at once and confirmed without a jump', () => {
    const asked = likeAsked(start(false, 3), id, true)
    expect(shown(asked)).toEqual({ liked: true, likes: 4 })
    expect(shown(likeAnswered(asked, id, { liked: true, likes: 4 }))).toEqual({ liked: true, likes: 4 })
  })

  it('is not counted twice when its count comes before its answer', () => {
    const early = counted(likeAsked(start(false, 3), id, true), 2, 4)
    expect(shown(early)).toEqual({ liked: true, likes: 4 })
    expect(shown(likeAnswered(early, id, { liked: true, likes: 4 }))).toEqual({ liked: true, likes: 4 })
  })

  it('leaves the last word to the counts', () => {
    const answered = likeAnswered(likeAsked(start(false, 3), id, true), id, { liked: true, likes: 4 })
    expect(shown(counted(answered, 3, 9))).toEqual({ liked: true, likes: 9 })
    const others = counted(likeAsked(start(false, 3), id, true), 5, 20)
    expect(shown(likeAnswered(others, id, { liked: true, likes: 4 }))).toEqual({ liked: true, likes: 20 })
  })

  it('is taken back when it is refused', () => {
    expect(shown(likeFailed(likeAsked(start(false, 3), id, true), id))).toEqual({ liked: false, likes: 3 })
  })

  it('can change its mind on the way', () => {
    const twice = likeAsked(likeAsked(start(false, 3), id, true), id, false)
    expect(shown(twice)).toEqual({ liked: false, likes: 3 })
    const first = likeAnswered(twice, id, { liked: true, likes: 4 })
    expect(shown(first)).toEqual({ liked: false, likes: 3 })
    expect(first.likes.has(id)).toBe(true) // the second wish is still to be sent
    expect(shown(likeAnswered(first, id, { liked: false, likes: 3 }))).toEqual({ liked: false, likes: 3 })
  })

  it('never shows fewer than none', () => {
    expect(shown(likeAsked(start(true, 0), id, false)).likes).toBe(0)
  })
})
