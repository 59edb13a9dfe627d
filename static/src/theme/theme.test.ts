import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyTheme, chooseTheme, chosenTheme } from './theme'

const query = (selector: string): string => document.head.querySelector(selector)?.getAttribute('media') ?? 'none'

beforeEach(() => {
  for (const [name, attributes] of [['link', { 'data-night': '' }], ['meta', { name: 'theme-color', 'data-scheme': 'light' }], ['meta', { name: 'theme-color', 'data-scheme': 'dark' }]] as const) {
    const e = document.createElement(name)
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v)
    document.head.append(e)
  }
})
afterEach(() => {
  document.head.replaceChildren()
  localStorage.clear()
})

describe('the theme', () => {
  it('is the system’s until somebody chooses, and again when he chooses that', () => {
    applyTheme()
    expect([chosenTheme(), query('link')]).toEqual(['system', '(prefers-color-scheme: dark)'])
    chooseTheme('dark')
    expect([chosenTheme(), query('link'), query('[data-scheme=dark]'), query('[data-scheme=light]')]).toEqual(['dark', 'all', 'all', 'not all'])
    expect(document.documentElement.style.colorScheme).toBe('dark')
    chooseTheme('light')
    expect([query('link'), query('[data-scheme=dark]'), query('[data-scheme=light]')]).toEqual(['not all', 'not all', 'all'])
    chooseTheme('system')
    expect([chosenTheme(), query('link'), document.documentElement.style.colorScheme]).toEqual(['system', '(prefers-color-scheme: dark)', ''])
  })

  it('that is not known is the system’s', () => {
    localStorage.setItem('lifecircle.theme', 'sepia')
    expect(chosenTheme()).toBe('system')
  })
})
