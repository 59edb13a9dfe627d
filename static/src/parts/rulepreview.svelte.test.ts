// What a preview says when a part of the people was asked.
import { flushSync, mount, unmount } from 'svelte'
import { afterEach, expect, it } from 'vitest'
import * as rights from '../api/read-rights'
import { App, appContext } from '../app.svelte'
import RulePreview from './RulePreview.svelte'

let shown: object | null = null
afterEach(async () => {
  if (shown !== null) await unmount(shown)
  shown = null
})

const shutOut = { followers: 60000, followers_shut_out: 20000, authors: 10, authors_shut_out: 1 }

function show(told: object): string {
  shown = mount(RulePreview, { target: document.body, context: appContext(new App()), props: { preview: rights.preview({ actions: { post: shutOut }, ...told }) } })
  flushSync()
  return document.querySelector('[data-testid="preview-sample"]')?.textContent ?? ''
}

it('says how large the sample is, and how far off its numbers may be', () => {
  const words = show({ exact: false, sample: { followers: 20000, authors: 10, margin: 0.8 } })
  for (const part of ['20,000', '10', '0.8']) expect(words).toContain(part)
})

it('says nothing where everybody was asked', () => {
  expect(show({ exact: true, sample: { followers: 60000, authors: 10, margin: 0 } })).toBe('')
})
