import { describe, expect, it } from 'vitest'
import { en } from './en'
import { chooseLanguage } from './language'
import { zh } from './zh'

/** Every leaf of a dictionary by its path, functions called with plain arguments. */
function leaves(o: object, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(o) as [string, unknown][]) {
    const at = `${path}${key}`
    if (typeof value === 'string') found.set(at, value)
    else if (typeof value === 'function') found.set(at, String((value as (...args: number[]) => unknown)(3, 5, 7, 9)))
    else for (const [k, v] of leaves(value as object, `${at}.`)) found.set(k, v)
  }
  return found
}

describe('the dictionaries', () => {
  it('hold the same keys', () => {
    expect([...leaves(zh).keys()].sort()).toEqual([...leaves(en).keys()].sort())
  })

  it.each([['en', en], ['zh', zh]] as const)('leave nothing empty (%s)', (_, d) => {
    for (const [key, words] of leaves(d)) {
      expect(words.trim(), key).not.toBe('')
      expect(words, key).not.toMatch(/undefined|\[object/)
    }
  })

  it('are in their language', () => {
    for (const [key, words] of leaves(en)) expect(words, key).not.toMatch(/\p{Script=Han}/u)
    for (const [key, words] of leaves(zh)) expect(words, key).toMatch(/\p{Script=Han}/u)
  })
})

describe('the language', () => {
  it('is the chosen one, else the browser’s first that we have, else English', () => {
    expect(chooseLanguage('zh', ['en'])).toBe('zh')
    expect(chooseLanguage(null, ['fr-FR', 'zh-Hant-TW', 'en'])).toBe('zh')
    expect(chooseLanguage('xx', ['fr'])).toBe('en')
  })
})
