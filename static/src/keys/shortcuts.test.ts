import { expect, it } from 'vitest'
import { shortcutOf, type KeyPress } from './shortcuts'

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress =>
  ({ key, ctrlKey: false, metaKey: false, altKey: false, defaultPrevented: false, isComposing: false, target: document.body, ...more })

it('knows its keys, and leaves others alone', () => {
  expect(['j', 'k', 'l', 'c', 'n', '?', 'x', 'Enter'].map((key) => shortcutOf(press(key), false))).toEqual(['next', 'previous', 'like', 'comment', 'write', 'help', null, null])
})

it('is silent while somebody writes, a dialog is open, or the key is for the browser', () => {
  expect(shortcutOf(press('j', { target: document.createElement('textarea') }), false)).toBeNull()
  expect(shortcutOf(press('j', { isComposing: true }), false)).toBeNull()
  expect(shortcutOf(press('c', { ctrlKey: true }), false)).toBeNull()
  expect(shortcutOf(press('c', { metaKey: true }), false)).toBeNull()
  expect(shortcutOf(press('j'), true)).toBeNull()
})
