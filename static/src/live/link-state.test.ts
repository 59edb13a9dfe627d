import { describe, expect, it } from 'vitest'
import { firstLink, nextLink, type LinkEvent } from './link-state'

const after = (...events: LinkEvent['type'][]) => events.reduce((s, type, n) => nextLink(s, { type } as LinkEvent, n + 1), firstLink)

describe('what is said of the connection', () => {
  it('is connecting, then connected, without a word about being back', () => {
    expect(firstLink.name).toBe('connecting')
    expect(after('connected')).toEqual({ name: 'connected', backFrom: null })
  })

  it('is offline since the first loss, however many attempts fail', () => {
    expect(after('connected', 'lost', 'lost', 'lost')).toEqual({ name: 'offline', since: 2, refused: false })
  })

  it('says that it is back, for a while', () => {
    expect(after('connected', 'lost', 'connected')).toEqual({ name: 'connected', backFrom: 2 })
    expect(after('connected', 'lost', 'connected', 'noted')).toEqual({ name: 'connected', backFrom: null })
  })

  it('stays offline through a change of person', () => {
    expect(after('lost', 'refused', 'restart')).toEqual({ name: 'offline', since: 1, refused: false })
    expect(after('connected', 'restart')).toEqual({ name: 'connecting' })
  })
})
