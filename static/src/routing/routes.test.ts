import { describe, expect, it } from 'vitest'
import { parseRoute, paths } from './routes'

const at = (path: string) => {
  const url = new URL(path, 'http://x.test')
  return parseRoute(url.pathname, url.search)
}

describe('addresses', () => {
  it('lead to their screens', () => {
    expect(at('/')).toEqual({ name: 'home' })
    expect(at('/circles/abc')).toEqual({ name: 'circle', id: 'abc' })
    expect(at('/circles/abc/posts/p1')).toEqual({ name: 'post', id: 'p1' })
    expect(at('/posts/p1/')).toEqual({ name: 'post', id: 'p1' })
    expect(at('/settings')).toEqual({ name: 'settings' })
    expect(at('/wallet?topup=t1')).toEqual({ name: 'wallet', topup: 't1', add: null })
    expect(at(paths.addToWallet(320))).toEqual({ name: 'wallet', topup: '', add: 320 })
    for (const odd of ['-5', '0', '1e3', '5.2', 'x']) expect(at(`/wallet?add=${odd}`)).toMatchObject({ add: null })
    expect(at('/a/b/c')).toEqual({ name: 'unknown' })
    expect(at('/circles/%E0%A4%A')).toEqual({ name: 'circle', id: '%E0%A4%A' })
  })

  it('are written as they are read', () => {
    expect(at(paths.circles('慢 生活', 'new'))).toEqual({ name: 'circles', tag: '慢 生活', sort: 'new' })
    expect(at(paths.person('a/b'))).toEqual({ name: 'person', id: 'a/b' })
    expect(at(paths.signIn('/circles/abc?x=1'))).toEqual({ name: 'sign-in', register: false, next: '/circles/abc?x=1' })
  })

  it.each(['https://evil.test', '//evil.test', '/\\evil.test', 'javascript:alert(1)'])('send nobody to %s after signing in', (next) => {
    expect(at(`/signin?next=${encodeURIComponent(next)}`)).toMatchObject({ next: '/' })
  })
})
