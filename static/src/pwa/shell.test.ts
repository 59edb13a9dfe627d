import { describe, expect, it } from 'vitest'
import { cacheName, outdated, roadOf, type Shell } from './shell'

const shell: Shell = { version: 'v3', files: ['/index.html', '/favicon.svg', '/assets/main-1.js'] }
const origin = 'https://circle.example'
const road = (path: string, mode = 'cors', method = 'GET') => roadOf({ method, mode, url: new URL(path, origin).href }, shell, origin)

describe('the service worker', () => {
  it.each(['/', '/circles', '/circles/c1?x=1', '/posts/p1', '/users/u1', '/wallet', '/settings', '/signin?next=%2F'])('opens %s from here', (path) => {
    expect(road(path, 'navigate')).toBe('page')
  })

  it.each(['/docs', '/openapi.yaml', '/sandbox/checkout/1', '/verify/mail/1', '/media/x.jpg', '/v1/me', '/nothing/of/ours'])('leaves the page %s to the server', (path) => {
    expect(road(path, 'navigate')).toBe('network')
  })

  it('answers files of the page, of older versions too', () => {
    expect([road('/assets/main-1.js'), road('/assets/main-0.js'), road('/favicon.svg')]).toEqual(['file', 'file', 'file'])
  })

  it.each(['/v1/me', '/v1/auth/refresh', '/v1/home', '/media/a.jpg', '/connection/websocket', '/index.html', '/sw.js', '/other.png'])('never answers %s', (path) => {
    expect(road(path)).toBe('network')
  })

  it('answers nothing but what is read, and nothing of other sites', () => {
    expect(road('/assets/main-1.js', 'cors', 'POST')).toBe('network')
    expect(road('/', 'navigate', 'POST')).toBe('network')
    expect(road('https://other.example/assets/main-1.js')).toBe('network')
  })

  it('keeps the version before, whose pages may be open, and caches of others', () => {
    expect(outdated(['lifecircle-v1', 'theirs', 'lifecircle-v2', cacheName(shell)], shell)).toEqual(['lifecircle-v1'])
    expect(outdated([cacheName(shell)], shell)).toEqual([])
  })
})
