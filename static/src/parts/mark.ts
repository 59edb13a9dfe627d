// The signs of people and circles, drawn from their ids: the same id has the
// same sign everywhere, and nobody has to upload anything.

export const tintCount = 8

/** FNV-1a: short, and even enough for eight tints and a few arcs. */
export function hashOf(s: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < s.length; i++) h = Math.imul(h ^ s.charCodeAt(i), 0x01000193)
  return h >>> 0
}

export interface Arc {
  radius: number
  turn: number // degrees
  dash: string
}

/** Three arcs around one middle, in a box of 48. */
export function arcsOf(id: string): Arc[] {
  return [20, 13.5, 7].map((radius, ring) => {
    const h = hashOf(`${id}/${ring}`)
    const length = 2 * Math.PI * radius
    const share = 0.45 + (h % 40) / 100
    return { radius, turn: (h >>> 8) % 360, dash: `${(length * share).toFixed(1)} ${length.toFixed(1)}` }
  })
}
