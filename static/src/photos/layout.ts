// How the photos of a post stand together: one alone in its own shape, two and
// four in pairs, else three in a row. Pure.
import type { Photo } from '../api/types'

export interface Grid {
  columns: 1 | 2 | 3
  /** Width by height of each cell. */
  ratio: number
  /** Widest, in px: one tall photo may not fill a screen, and few small ones stay small. */
  maxWidth: number
}

const feedWidth = 580 // px, where the page is wide
const tallest = 520 // px, of one photo alone
const narrowest = 0.5 // width by height; beyond it is cut in the feed, never in the large view
const broadest = 2.6
const sides = { phone: 640, screen: 1280, full: 2560 } // px, the longest side of each size

export const maxPhotos = 9

type Shape = Pick<Photo, 'width' | 'height'>

export function gridOf(photos: readonly Shape[]): Grid {
  const [first] = photos
  if (photos.length === 1 && first !== undefined) {
    const ratio = Math.min(broadest, Math.max(narrowest, first.width / first.height))
    return { columns: 1, ratio, maxWidth: Math.min(feedWidth, Math.round(tallest * ratio)) }
  }
  if (photos.length === 2 || photos.length === 4) return { columns: 2, ratio: 1, maxWidth: 440 }
  return { columns: 3, ratio: 1, maxWidth: 520 }
}

/** How wide a size of a photo is. */
function widthAt(p: Shape, side: number): number {
  return Math.round(p.width * Math.min(1, side / Math.max(p.width, p.height)))
}

/** The sizes of a photo, for the browser to choose from. */
export function srcset(p: Photo): string {
  const known = new Map<string, number>()
  for (const size of ['phone', 'screen', 'full'] as const) if (!known.has(p.urls[size])) known.set(p.urls[size], widthAt(p, sides[size]))
  return [...known].map(([url, width]) => `${url} ${width}w`).join(', ')
}

/** How wide a photo is drawn: a broad one that fills a square cell is wider than the cell. */
export function sizesOf(p: Shape, grid: Grid): string {
  const over = Math.max(1, p.width / p.height / grid.ratio)
  const cell = Math.round((grid.maxWidth / grid.columns) * over)
  const phone = Math.round((88 / grid.columns) * over)
  return `(max-width: 640px) ${phone}vw, ${cell}px`
}

/** Where a dragged item goes: the list with the item at `from` moved to `to`. */
export function moved<T>(items: readonly T[], from: number, to: number): readonly T[] {
  const item = items[from]
  if (item === undefined || to < 0 || to >= items.length || from === to) return items
  const rest = items.toSpliced(from, 1)
  return rest.toSpliced(to, 0, item)
}
