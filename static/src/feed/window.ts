// Which rows of a long list are drawn. Pure: heights of all rows and where the
// screen is, in; the rows to draw and the empty room between them, out.

/** Rows from..to, without `to`. */
export interface Span {
  from: number
  to: number
}

/** The rows that touch the screen, which begins `top` px below the list's beginning, and `spare` px around it. */
export function visibleSpan(heights: readonly number[], top: number, height: number, spare: number): Span {
  const first = top - spare
  const last = top + height + spare
  let from = heights.length
  let to = 0
  let y = 0
  for (let i = 0; i < heights.length && y < last; i++) {
    const end = y + (heights[i] ?? 0)
    if (end > first) {
      if (from > i) from = i
      to = i + 1
    }
    y = end
  }
  return from < to ? { from, to } : nearest(heights.length, first > 0)
}

/** The screen is before or behind the list: its nearest row is drawn, to have something to hold on to. */
function nearest(length: number, behind: boolean): Span {
  const at = behind ? Math.max(0, length - 1) : 0
  return { from: at, to: Math.min(length, at + 1) }
}

export type Row = { kind: 'item'; index: number } | { kind: 'room'; before: number; height: number }

/** The rows of a span and single others that must stay, in order, with room for all that is left out. */
export function rowsOf(heights: readonly number[], span: Span, kept: readonly number[]): readonly Row[] {
  const drawn = (i: number): boolean => (i >= span.from && i < span.to) || kept.includes(i)
  const rows: Row[] = []
  let room = 0
  for (let i = 0; i <= heights.length; i++) {
    const end = i === heights.length
    if (!end && !drawn(i)) {
      room += heights[i] ?? 0
      continue
    }
    if (room > 0) rows.push({ kind: 'room', before: i, height: room })
    room = 0
    if (!end) rows.push({ kind: 'item', index: i })
  }
  return rows
}

/** Where a row begins, in px below the list's beginning. */
export function offsetOf(heights: readonly number[], index: number): number {
  let y = 0
  for (let i = 0; i < index; i++) y += heights[i] ?? 0
  return y
}

const maxMeasured = 4_000
const firstGuess = 150 // px

/** How high rows are: as they were measured, else as they are on average. */
export class Heights {
  readonly #measured = new Map<string, number>()
  #sum = 0

  /** Notes a height; tells whether it is news. */
  measure(id: string, height: number): boolean {
    const before = this.#measured.get(id)
    if (before === height) return false
    this.#sum += height - (before ?? 0)
    this.#measured.delete(id) // the longest unseen goes first
    this.#measured.set(id, height)
    for (const [old, h] of this.#measured) {
      if (this.#measured.size <= maxMeasured) break
      this.#measured.delete(old)
      this.#sum -= h
    }
    return true
  }

  of(id: string): number {
    return this.#measured.get(id) ?? this.guess
  }

  get guess(): number {
    return this.#measured.size === 0 ? firstGuess : Math.round(this.#sum / this.#measured.size)
  }
}
