// What is wrong with a rule, and where in its text. Pure.
import type { Problem } from '../api/problem'
import type { Ruled } from '../api/rights-types'

export interface RuleFault {
  code: string
  /** From one on; null where the rule is wrong as a whole. */
  line: number | null
  column: number | null
  message: string
  /** The line with a caret below it; '' without a place. */
  snippet: string
}

const place = /^line (\d+), column (\d+): ([^\n]*)(?:\n([\s\S]*))?$/

/** Reads "line 1, column 6: message", the line and the caret. */
export function readFault(code: string, message: string): RuleFault {
  const m = place.exec(message)
  if (m === null) return { code, line: null, column: null, message, snippet: '' }
  return { code, line: Number(m[1]), column: Number(m[2]), message: m[3] ?? '', snippet: m[4] ?? '' }
}

/** The faults of an action's rule, or of the reason. */
export function faultsOf(p: Problem | null, of: Ruled | 'rules_reason'): RuleFault[] {
  const at = of === 'rules_reason' ? 'body.rules_reason' : `body.rules.${of}`
  return (p?.faults ?? []).filter((f) => f.location === at).map((f) => readFault(f.code, f.message))
}

/** Where the caret of a field goes: characters from the start of the text. */
export function offsetOf(text: string, f: RuleFault): number {
  if (f.line === null || f.column === null) return text.length
  const lines = text.split('\n')
  const before = lines.slice(0, f.line - 1).reduce((n, l) => n + l.length + 1, 0)
  const line = [...(lines[f.line - 1] ?? '')]
  return before + line.slice(0, f.column - 1).join('').length
}
