import { expect, it } from 'vitest'
import type { ViewerApi } from '../api/api'
import type { Comment, Page } from '../api/types'
import { comment, pageOf, post } from './testkit'
import { Thread } from './thread.svelte'

it('keeps a comment that comes while a page is read', async () => {
  let answer: (page: Page<Comment>) => void = () => undefined
  const slow = { comments: () => new Promise((resolve) => { answer = resolve }) } as unknown as ViewerApi
  const t = new Thread(slow, post(1).id)
  const asked = t.more()
  t.created(comment(2))
  answer(pageOf([comment(1)]))
  await asked
  expect(t.state.comments.map((c) => c.text)).toEqual(['comment 1', 'comment 2'])
})
