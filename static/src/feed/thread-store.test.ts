import { describe, expect, it } from 'vitest'
import { addComment, addCommentPage, emptyThread, moreBefore, removeComment, resyncThread, type ThreadState } from './thread-store'
import { comment, pageOf } from './testkit'

const texts = (s: ThreadState): string[] => s.comments.map((c) => c.text)

describe('comments', () => {
  it('stand oldest first, with the way to more where the hole is', () => {
    const s = addComment(addCommentPage(emptyThread, pageOf([comment(1), comment(2)], 'c')), comment(9))
    expect(texts(s)).toEqual(['comment 1', 'comment 2', 'comment 9'])
    expect(moreBefore(s)).toBe(comment(9).id)
    expect(moreBefore(addCommentPage(s, pageOf([comment(3), comment(9)])))).toBeNull()
  })

  it('are read upwards from a server that gives the newest first', () => {
    const s = addCommentPage(emptyThread, pageOf([comment(9), comment(8)], 'c'))
    expect(texts(s)).toEqual(['comment 8', 'comment 9'])
    expect(moreBefore(s)).toBe(comment(8).id)
  })

  it('do not come back once deleted, and come once', () => {
    const s = removeComment(addCommentPage(emptyThread, pageOf([comment(1), comment(2)])), comment(1).id)
    expect(texts(addComment(s, comment(1)))).toEqual(['comment 2'])
    expect(texts(resyncThread(s, pageOf([comment(1), comment(2)])))).toEqual(['comment 2'])
    expect(texts(addComment(s, comment(2)))).toEqual(['comment 2'])
  })
})
