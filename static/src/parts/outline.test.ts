// What those who listen to the page are told.
import { flushSync, mount, unmount } from 'svelte'
import { afterEach, describe, expect, it } from 'vitest'
import * as read from '../api/read'
import { App, appContext } from '../app.svelte'
import CircleCard from './CircleCard.svelte'
import TopBar from './TopBar.svelte'

let shown: object | null = null
afterEach(() => {
  if (shown !== null) void unmount(shown)
  shown = null
  localStorage.clear()
})

describe('headings', () => {
  it.each([[false, 'H2'], [true, 'H3']])('of circles follow the page’s, or that of their group (%s: %s)', (compact, tag) => {
    const circle = read.circle({ id: 'c', name: 'Tea' })
    shown = mount(CircleCard, { target: document.body, props: { circle, compact }, context: appContext(new App()) })
    expect(document.querySelector('.name')?.tagName).toBe(tag)
  })
})

describe('the switch of languages', () => {
  it('is called what it shows, which is marked as the other language', async () => {
    const app = new App()
    shown = mount(TopBar, { target: document.body, context: appContext(app) })
    const at = (): HTMLElement => document.querySelector('[data-testid="language-switch"]') as HTMLElement
    for (const [text, lang] of [['中', 'zh-CN'], ['EN', 'en']]) {
      expect(at().textContent?.trim()).toBe(text)
      expect(at().getAttribute('aria-label')).toContain(text)
      expect(at().querySelector('span')?.lang).toBe(lang)
      await app.i18n.speak(app.i18n.other)
      flushSync()
    }
  })
})
