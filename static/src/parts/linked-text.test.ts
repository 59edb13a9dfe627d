import { mount, unmount } from 'svelte'
import { expect, it } from 'vitest'
import LinkedText from './LinkedText.svelte'

it('is text with links that give nothing away', async () => {
  const text = ' <b>hi</b>\nhttps://example.org/a, javascript:alert(1) '
  const p = document.createElement('p')
  const shown = mount(LinkedText, { target: p, props: { text } })
  expect(p.textContent).toBe(text)
  expect(p.querySelectorAll('*')).toHaveLength(1)
  const a = p.querySelector('a')
  expect([a?.getAttribute('href'), a?.rel, a?.target, a?.getAttribute('referrerpolicy')]).toEqual(['https://example.org/a', 'noopener nofollow ugc', '_blank', 'no-referrer'])
  await unmount(shown)
})
