import { flushSync, mount, tick, unmount } from 'svelte'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ViewerApi } from '../api/api'
import { Problem } from '../api/problem'
import type { Post } from '../api/types'
import { App, appContext } from '../app.svelte'
import { Feed } from '../feed/feed.svelte'
import { circleId, pageOf, post } from '../feed/testkit'
import FeedList from './FeedList.svelte'

const author = { id: 'u1', handle: 'ann', displayName: 'Ann' }
const at = (id: string): HTMLElement | null => document.querySelector(`[data-testid="${id}"]`)
const settle = async (): Promise<void> => {
  for (let n = 0; n < 10; n++) await tick()
  flushSync()
}

/** What the author sent; answers as the server does. */
let sent: string[]
let refusal: Problem | null
const editPost = async (id: string, text: string): Promise<Post> => {
  sent.push(text)
  if (refusal !== null) throw refusal
  return post(1, { id, text, editedAt: '2026-01-02T00:00:00Z' })
}

let page: object
async function show(viewer: typeof author): Promise<void> {
  const app = new App()
  app.session.signedIn({ user: viewer, accessToken: 'a', expiresInSeconds: 900 })
  const feed = new Feed({ editPost } as unknown as ViewerApi, async () => pageOf([post(1)]), { live: { watch: () => () => undefined }, circle: circleId })
  page = mount(FeedList, { target: document.body, props: { feed, empty: '' }, context: appContext(app) })
  await settle()
}

async function write(text: string): Promise<HTMLTextAreaElement> {
  at('post-edit')?.click()
  await settle()
  const field = at('post-edit-text') as HTMLTextAreaElement
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
  return field
}

async function press(field: HTMLElement, init: KeyboardEventInit): Promise<void> {
  field.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }))
  await settle()
}

beforeEach(() => {
  sent = []
  refusal = null
  localStorage.clear()
})
afterEach(() => unmount(page))

describe('editing a post', () => {
  it('is for its author', async () => {
    await show({ ...author, id: 'u2' })
    expect(at('post-edit')).toBeNull()
  })

  it.each([{ ctrlKey: true }, { metaKey: true }])('saves with Enter and %j, says when, and gives the focus back', async (held) => {
    await show(author)
    const field = await write('  better ')
    expect(document.activeElement).toBe(field)
    await press(field, { key: 'Enter', ...held })
    expect(sent).toEqual(['better'])
    expect(at('post-text')?.textContent).toBe('better')
    expect(at('post-edited')?.querySelector('time')?.getAttribute('datetime')).toBe('2026-01-02T00:00:00Z')
    expect(document.activeElement).toBe(at('post-edit'))
  })

  it('is left with Escape, and nothing is sent', async () => {
    await show(author)
    const field = await write('worse')
    await press(field, { key: 'Escape', isComposing: true }) // closes the list of an input method
    expect(at('post-edit-text')).not.toBeNull()
    await press(field, { key: 'Escape' })
    expect(at('post-edit-text')).toBeNull()
    expect(at('post-text')?.textContent).toBe('post 1')
    expect(sent).toEqual([])
  })

  it('sends neither nothing nor the same again', async () => {
    await show(author)
    for (const text of [' ', 'post 1', ' post 1 ']) {
      const field = await write(text)
      await press(field, { key: 'Enter', ctrlKey: true })
      await press(field, { key: 'Escape' })
    }
    expect(sent).toEqual([])
  })

  it('keeps the text when it is refused, and says why', async () => {
    await show(author)
    refusal = new Problem(422, 'text_too_long', 'x')
    const field = await write('long')
    await press(field, { key: 'Enter', ctrlKey: true })
    expect(field.value).toBe('long')
    expect(document.querySelector('[role=alert]')?.textContent).toBe('This is too long.')
  })
})
