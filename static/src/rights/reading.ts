// A score's explanation in words. Pure.
import type { Penalty, ScoreItem, Step } from '../api/rights-types'
import type { Dictionary } from '../i18n/en'

type Named = Readonly<Record<string, string>>
type Counted = Readonly<Record<string, ((n: number) => string) | string>>

export function itemName(id: string, t: Dictionary): string {
  const names: Named = t.rights.items
  return names[id] ?? id.replaceAll('_', ' ')
}

export function itemValue(id: string, n: number, t: Dictionary): string {
  const values: Counted = t.rights.values
  return counted(values[id], n) ?? String(n)
}

const hint = /^\+(\d+) at (?:[a-z ]*?)(\d+|one)\b/

/** "+3 at 30 months" in the reader's words; '' where there is nothing to gain. */
export function nextWords(item: ScoreItem, t: Dictionary): string {
  const m = hint.exec(item.next)
  if (m === null) return ''
  const [, gain, at] = m
  const n = at === 'one' ? 1 : Number(at)
  const value = itemValue(item.id, n, t)
  return item.id === 'contacts' ? t.rights.nextMore(gain ?? '', value) : t.rights.next(gain ?? '', value)
}

export function stepWords(s: Step, t: Dictionary): string {
  const words: Counted = t.rights.steps
  return counted(words[s.do], s.n) ?? s.do.replaceAll('_', ' ')
}

/** Where a step is done. */
export function stepGoes(s: Step): 'verify' | 'contacts' | null {
  if (s.do.startsWith('identity_')) return 'verify'
  return s.do === 'contacts' || s.do === 'vouched_for' ? 'contacts' : null
}

export function penaltyName(p: Pick<Penalty, 'code'>, t: Dictionary): string {
  const names: Named = t.rights.penalties
  return names[p.code] ?? p.code.replaceAll('_', ' ')
}

/** A main reason: an item, a penalty, a gate or the slow rise. */
export function reasonWords(code: string, t: Dictionary): string {
  const own: Named = t.rights.reasons
  const [items, penalties]: [Named, Named] = [t.rights.items, t.rights.penalties]
  return own[code] ?? items[code] ?? penalties[code] ?? code.replaceAll('_', ' ')
}

function counted(words: ((n: number) => string) | string | undefined, n: number): string | undefined {
  return typeof words === 'function' ? words(n) : words
}
