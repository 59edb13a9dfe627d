// Lengths as people count them: a family emoji is one character.

const segmenter = typeof Intl.Segmenter === 'function' ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null

export function countGraphemes(s: string): number {
  if (segmenter === null) return [...s].length
  let n = 0
  for (const _ of segmenter.segment(s)) n++
  return n
}

/** By how many characters a text is too long; 0 if it fits. */
export function excess(s: string, max: number): number {
  return s.length <= max ? 0 : Math.max(0, countGraphemes(s.trim()) - max) // never more graphemes than code units
}

/** The first character, for a mark that stands for a name. */
export function firstGrapheme(s: string): string {
  const trimmed = s.trim()
  if (segmenter === null) return [...trimmed][0] ?? ''
  for (const part of segmenter.segment(trimmed)) return part.segment
  return ''
}
