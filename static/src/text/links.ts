// The links in what people write. Pure. Only addresses that are written whole,
// with http or https, are links; they are shown as they are written, so that
// nobody is led elsewhere than he reads. All else is text.

export type Run = { text: string; href?: string }

const maxLinks = 20 // of one text; more are text
const candidate = /https?:\/\/[^\s<>"“”‘’「」『』《》（）【】，。；：！？、]+/giu
/** What turns the order of signs around, or cannot be seen: a link with it in could read as another one. */
const deceptive = /[\u0000-\u0020\u007f-\u00a0\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc]|[\u{e0000}-\u{e0fff}]/u
const trailing = /[.,;:!?'"*_~…]+$/u

/** A text in pieces, which put together are the text. */
export function linked(text: string): Run[] {
  const runs: Run[] = []
  let at = 0
  let links = 0
  for (const m of text.matchAll(candidate)) {
    const written = trimmed(m[0])
    const href = links < maxLinks ? addressOf(written) : null
    if (href === null) continue
    links++
    if (m.index > at) runs.push({ text: text.slice(at, m.index) })
    runs.push({ text: written, href })
    at = m.index + written.length
  }
  if (at < text.length) runs.push({ text: text.slice(at) })
  return runs
}

/** Without what ends a sentence, and a bracket that was opened before. */
function trimmed(s: string): string {
  let out = s
  for (;;) {
    const last = out.at(-1) ?? ''
    const open = { ')': '(', ']': '[', '}': '{' }[last]
    const next = open !== undefined && out.split(last).length > out.split(open).length ? out.slice(0, -1) : out.replace(trailing, '')
    if (next === out) return out
    out = next
  }
}

/** Where it leads, if it may be a link. A name before the host ("https://bank@evil") is a trick. */
function addressOf(written: string): string | null {
  if (deceptive.test(written)) return null
  let url: URL
  try {
    url = new URL(written)
  } catch {
    return null
  }
  const plain = (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '' && url.hostname !== ''
  return plain && !written.includes('\\') ? url.href : null
}

/** The host as the network knows it, where that differs from what is written: a lookalike shows its xn--. */
export function realHost(run: Run): string {
  if (run.href === undefined) return ''
  const host = new URL(run.href).host
  return run.text.toLowerCase().includes(`//${host}`) ? '' : host
}
