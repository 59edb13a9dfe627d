import { describe, expect, it } from 'vitest'
import { linked, realHost } from './links'

const links = (text: string): string[] => linked(text).flatMap((r) => (r.href === undefined ? [] : [r.text]))

describe('links in a text', () => {
  it.each([
    ['see https://example.org/a?b=c#d now', ['https://example.org/a?b=c#d']],
    ['(https://en.wikipedia.org/wiki/Tea_(meal)).', ['https://en.wikipedia.org/wiki/Tea_(meal)']],
    ['请看https://例子.中国/茶，很好。', ['https://例子.中国/茶']],
    ['HTTP://EXAMPLE.ORG!', ['HTTP://EXAMPLE.ORG']],
    ['two: http://a.example, http://b.example…', ['http://a.example', 'http://b.example']],
    ['http://127.0.0.1:8080/x', ['http://127.0.0.1:8080/x']],
  ])('in %j are %j', (text, found) => {
    expect(links(text)).toEqual(found)
  })

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt://https://x.example/%0aalert(1)'.replace('https://x.example', ''),
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x', 'file:///etc/passwd', 'blob:null/x', 'ftp://example.org', 'mailto:a@b.example', '//example.org', 'www.example.org', 'example.org',
    'https://', 'http://?', 'https://[::', 'https://%', 'https://a b'.replace('a b', ' '),
    'https://bank.example@evil.example/', 'https://bank.example:443@evil.example/', 'https://bank.example\\@evil.example',
    'https://bank.example/\u202egpj.exe', 'https://bank.example\u2066/x', 'https://ba\u200bnk.example/', 'https://ba\u00adnk.example/', 'https://bank.example/\u{e0041}',
  ])('%j is none', (text) => {
    expect(links(text)).toEqual([])
    expect(linked(text).map((r) => r.text).join('')).toBe(text)
  })

  it('changes no text, whatever is in it', () => {
    const pieces = ['https://a.example/', 'javascript:', ' ', '(', ')', '\u202e', '<b>', '"', '。', '\n', 'http://', '@', '\\', '👨‍👩‍👧', '\ud800', 'x']
    let seed = 7
    const next = (n: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % n
    for (let i = 0; i < 2_000; i++) {
      const text = Array.from({ length: next(12) }, () => pieces[next(pieces.length)]).join('')
      const runs = linked(text)
      expect(runs.map((r) => r.text).join('')).toBe(text)
      for (const r of runs) if (r.href !== undefined) expect(r.href).toMatch(/^https?:\/\/[^@]/)
    }
  })

  it('are bounded', () => {
    expect(links('http://a.example '.repeat(500))).toHaveLength(20)
  })

  it('tell the real host of one that looks like another', () => {
    const host = (text: string): string => realHost(linked(text)[0] ?? { text: '' })
    expect(host('https://аррӏе.com/')).toMatch(/^xn--.*\.com$/) // Cyrillic
    expect(host('https://例子.中国')).toMatch(/^xn--/)
    expect(host('https://xn--80ak6aa92e.com/')).toBe('') // shown as it is
    expect(host('https://Example.org/a')).toBe('')
    expect(host('https://0x7f.1/')).toBe('127.0.0.1')
  })
})
