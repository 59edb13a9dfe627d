// Where things stand on the scale of scores, and how the gauge is drawn. Pure.

export const lowest = 350
export const highest = 950
/** More than this is what comments take in many circles. */
export const mark = 750

export const bands = [
  { id: 'new', from: 350, to: 550 },
  { id: 'fair', from: 550, to: 600 },
  { id: 'good', from: 600, to: 650 },
  { id: 'very_good', from: 650, to: 700 },
  { id: 'super_good', from: 700, to: 950 },
] as const

export type Band = (typeof bands)[number]['id']

export function bandOf(score: number): Band {
  return bands.find((b) => score < b.to)?.id ?? 'super_good'
}

/** 0 at the lowest score, 1 at the highest. */
export function alongScale(score: number): number {
  return Math.min(1, Math.max(0, (score - lowest) / (highest - lowest)))
}

const sweep = 240 // degrees, open at the bottom
const start = 150 // from 3 o'clock, clockwise: lower left

export interface Point {
  x: number
  y: number
}

/** The point of a score on a circle. */
export function pointAt(score: number, radius: number, middle: Point): Point {
  const angle = ((start + sweep * alongScale(score)) * Math.PI) / 180
  return { x: round(middle.x + radius * Math.cos(angle)), y: round(middle.y + radius * Math.sin(angle)) }
}

/** The path of the arc between two scores; empty where it has no length. */
export function arc(from: number, to: number, radius: number, middle: Point): string {
  if (alongScale(to) <= alongScale(from)) return ''
  const [a, b] = [pointAt(from, radius, middle), pointAt(to, radius, middle)]
  const large = sweep * (alongScale(to) - alongScale(from)) > 180 ? 1 : 0
  return `M ${a.x} ${a.y} A ${radius} ${radius} 0 ${large} 1 ${b.x} ${b.y}`
}

const round = (n: number): number => Math.round(n * 100) / 100 || 0 // never -0

const dayMs = 86_400_000

export interface Line {
  path: string
  points: readonly (Point & { day: string; score: number })[]
  /** What the picture goes from and to. */
  lowest: number
  highest: number
}

/** A score's history as a line in a box: of steps, as a score holds until the next one,
 * or drawn through where each night brought another. */
export function historyLine(history: readonly { day: string; score: number }[], width: number, height: number): Line | null {
  const known = history.map((h) => ({ ...h, at: Date.parse(h.day) })).filter((h) => !Number.isNaN(h.at))
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined || known.length < 2 || last.at === first.at) return null
  const scores = known.map((h) => h.score)
  const low = Math.max(lowest, Math.floor((Math.min(...scores) - 10) / 50) * 50)
  const high = Math.min(highest, Math.ceil((Math.max(...scores) + 10) / 50) * 50)
  const points = known.map((h) => ({
    day: h.day, score: h.score,
    x: round(((h.at - first.at) / (last.at - first.at)) * width),
    y: round(height - ((h.score - low) / (high - low)) * height),
  }))
  const nights = known.slice(1).map((h, i) => (h.at - (known[i]?.at ?? 0)) / dayMs)
  const gradual = nights.every((n) => n > 0.5 && n < 2) // each night has its own
  const path = points.map((p, i) => (i === 0 ? `M ${p.x} ${p.y}` : gradual ? `L ${p.x} ${p.y}` : `H ${p.x} V ${p.y}`)).join(' ')
  return { path, points, lowest: low, highest: high }
}
