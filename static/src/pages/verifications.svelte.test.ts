// The page of what is verified, when staff took it back.
import { flushSync, mount, tick, unmount } from 'svelte'
import { expect, it } from 'vitest'
import * as rights from '../api/read-rights'
import { App, appContext } from '../app.svelte'
import Verifications from './Verifications.svelte'

async function page(body: object): Promise<{ revoked: Element | null; end: () => Promise<void> }> {
  const app = new App()
  Object.defineProperty(app.session, 'user', { value: { id: 'u1', handle: 'ann', displayName: 'Ann' } })
  Object.assign(app.rights, { verifications: async () => rights.standing(body) })
  const shown = mount(Verifications, { target: document.body, context: appContext(app) })
  for (let n = 0; n < 20; n++) await tick()
  flushSync()
  return { revoked: document.querySelector('[data-testid="revoked"]'), end: () => unmount(shown) }
}

it('says why what was verified is gone', async () => {
  const { revoked, end } = await page({ level: 0, levels: [], attributes: [], items: [], revoked: { at: '2026-11-27T04:00:00Z', reason: 'The document was lent.' } })
  expect(revoked?.textContent).toContain('The document was lent.')
  expect(revoked?.textContent).toContain('27')
  await end()
})

it('says nothing of it otherwise', async () => {
  const { revoked, end } = await page({ level: 2, levels: [], attributes: [], items: [] })
  expect(document.querySelector('[data-testid="verifications"]')?.getAttribute('data-level')).toBe('2')
  expect(revoked).toBeNull()
  await end()
})
