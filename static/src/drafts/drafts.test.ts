import { beforeEach, describe, expect, it } from 'vitest'
import { draftOf, Drafts } from './drafts'

let at = 0
const drafts = (): Drafts => new Drafts(localStorage, () => ++at)

beforeEach(() => localStorage.clear())

describe('a draft', () => {
  it('is there again after the page was closed, for its writer and its place only', () => {
    drafts().write('u1', draftOf.post('c1'), 'half a thought')
    expect(drafts().read('u1', draftOf.post('c1'))).toBe('half a thought')
    expect(drafts().read('u1', draftOf.post('c2'))).toBe('')
    expect(drafts().read('u2', draftOf.post('c1'))).toBe('')
    expect(drafts().read('u1', draftOf.comment('c1'))).toBe('')
  })

  it('is gone when it was sent, or nothing is left of it', () => {
    drafts().write('u1', 'x', 'something')
    drafts().write('u1', 'x', '  ')
    expect(localStorage.length).toBe(0)
  })

  it('is not kept of nobody', () => {
    drafts().write('', 'x', 'something')
    expect(localStorage.length).toBe(0)
  })

  it('makes room for newer ones, and for nothing else', () => {
    localStorage.setItem('lifecircle.language', 'zh')
    for (let n = 0; n < 60; n++) drafts().write('u1', `post.c${n}`, 'x')
    expect(localStorage.length).toBe(51)
    expect(drafts().read('u1', 'post.c9')).toBe('')
    expect(drafts().read('u1', 'post.c10')).toBe('x')
    expect(localStorage.getItem('lifecircle.language')).toBe('zh')
  })

  it('that somebody broke is none', () => {
    localStorage.setItem('lifecircle.draft.u1.x', '{')
    expect(drafts().read('u1', 'x')).toBe('')
  })
})
