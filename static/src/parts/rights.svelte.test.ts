// What the parts make of rights that are there, missing, lost and given back.
import { flushSync, mount, tick, unmount } from 'svelte'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Problem, problemOf } from '../api/problem'
import * as read from '../api/read'
import * as rights from '../api/read-rights'
import type { RightsApi } from '../api/rights-api'
import type { Permission } from '../api/types'
import { App, appContext } from '../app.svelte'
import ContactBar from './ContactBar.svelte'
import WriteBox from './WriteBox.svelte'

const bob = { id: 'u2', handle: 'bob', displayName: 'Bob' }
const rule = [{ clause: 'x', have: 'x', need: 'x', how: 'x', attribute: 'user.credit', test: 'more_than', value: '750', values: ['750'], target: '751', missing: 1 }]
const refused = read.post({ id: 'p', can: { comment: { allowed: false, code: 'not_allowed', reason: 'x', rule } } }).can['comment'] as Permission
const at = (id: string): HTMLElement | null => document.querySelector(`[data-testid="${id}"]`)
const settle = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await tick()
  flushSync()
}

let shown: object | null = null
let app: App
beforeEach(() => {
  localStorage.clear()
  app = new App()
})
afterEach(async () => {
  if (shown !== null) await unmount(shown)
  shown = null
})

describe('a box to write in', () => {
  class Right {
    refusal = $state.raw<Permission | null>(null)
  }
  async function write(right: { refusal: Permission | null }, send = async (_: string): Promise<void> => undefined): Promise<void> {
    shown = mount(WriteBox, {
      target: document.body, context: appContext(app),
      props: { label: 'l', placeholder: 'p', action: 'a', max: 100, testid: 'box', may: 'comment' as const, send, get refusal() { return right.refusal } },
    })
    await settle()
  }
  function type(text: string): void {
    const field = at('box-text') as HTMLTextAreaElement
    field.value = text
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }

  it('is not there without the right, which it explains, and comes with it', async () => {
    const right = new Right()
    right.refusal = refused
    await write(right)
    expect([at('box-text'), at('refusal')?.dataset['action']]).toEqual([null, 'comment'])
    expect(at('refusal')?.textContent).toContain('a score above 750')
    expect(at('refusal-credit')?.getAttribute('href')).toBe('/credit')
    right.refusal = null
    await settle()
    expect([at('box-text') === null, at('refusal')]).toEqual([false, null])
  })

  it('keeps the text of who loses the right while writing', async () => {
    const right = new Right()
    await write(right)
    type('nearly done')
    right.refusal = refused
    await settle()
    expect((at('box-text') as HTMLTextAreaElement).value).toBe('nearly done')
    expect((at('box-send') as HTMLButtonElement).disabled).toBe(true)
    expect(at('refusal')).not.toBeNull()
    right.refusal = null
    await settle()
    expect((at('box-send') as HTMLButtonElement).disabled).toBe(false)
  })

  it('explains what the server refused, and asks for the rights again', async () => {
    const before = app.rightsNews
    await write(new Right(), async () => { throw problemOf(403, { code: 'not_allowed', rule }) })
    type('too soon')
    await settle()
    at('box-text')?.closest('form')?.dispatchEvent(new SubmitEvent('submit', { cancelable: true, bubbles: true }))
    await settle()
    expect(document.querySelector('[role=alert]')?.textContent).toContain('1 point to go.')
    await new Promise((resolve) => { setTimeout(resolve, 150) })
    expect(app.rightsNews).toBe(before + 1)
  })
})

describe('what somebody is to the viewer', () => {
  let state: string
  let calls: string[]
  async function show(vouches: number): Promise<void> {
    calls = []
    Object.assign(app.rights, {
      contact: async () => rights.contact({ person: { id: 'u2' }, state }),
      credit: async () => rights.credit({ score: 720, vouches_left: vouches }),
      addContact: async (id: string) => {
        calls.push(`add ${id}`)
        state = state === 'asks' ? 'accepted' : 'asked'
        return rights.contact({ person: { id }, state })
      },
      endContact: async (id: string) => { calls.push(`end ${id}`) },
      vouch: async (id: string) => {
        calls.push(`vouch ${id}`)
        throw new Problem(403, 'vouch_limit', '')
      },
    } satisfies Partial<RightsApi>)
    shown = mount(ContactBar, { target: document.body, props: { person: bob }, context: appContext(app) })
    await settle()
  }
  const press = async (id: string): Promise<void> => {
    at(id)?.click()
    await settle()
  }

  it('begins with a question, which can be taken back', async () => {
    state = 'none'
    await show(0)
    await press('contact-ask')
    expect(at('contact-bar')?.dataset['state']).toBe('asked')
    await press('contact-end')
    expect([at('contact-bar')?.dataset['state'], calls]).toEqual(['none', ['add u2', 'end u2']])
  })

  it('is accepted, and ended only when that is meant', async () => {
    state = 'asks'
    await show(0)
    await press('contact-accept')
    expect(at('contact-bar')?.dataset['state']).toBe('accepted')
    await press('contact-end')
    expect(calls).toEqual(['add u2'])
    await press('contact-end-confirm')
    expect(calls).toEqual(['add u2', 'end u2'])
  })

  it('offers to vouch where the score allows it, and says what that means first', async () => {
    state = 'accepted'
    await show(0)
    expect(at('vouch')).toBeNull()
    if (shown !== null) await unmount(shown)
    await show(4)
    await press('vouch')
    expect(calls).toEqual([])
    expect(at('contact-bar')?.textContent).toContain('you lose 20 points')
    await press('vouch-confirm')
    expect(calls).toEqual(['vouch u2'])
    expect(app.notices.at(-1)?.text).toBe('You have vouched for 5 people this year.')
  })
})
