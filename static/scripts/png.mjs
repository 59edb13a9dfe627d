// Writes pictures of a screen as PNGs of at most 256 colours, a third of the
// size: what is drawn often keeps its exact colour, the rest gets a near one.
import { crc32, deflateSync } from 'node:zlib'

const colours = 256
const exact = 96 // the colours that are kept as they are: those of the surface and of its letters

/** A PNG of the pixels, four bytes each: red, green, blue and one that is ignored. */
export function indexed(rgba, width, height) {
  const pixels = new Uint32Array(width * height) // 0xRRGGBB
  for (let i = 0; i < pixels.length; i++) pixels[i] = (rgba[4 * i] << 16) | (rgba[4 * i + 1] << 8) | rgba[4 * i + 2]
  const { palette, places } = paletteOf(pixels)
  const rows = Buffer.alloc((width + 1) * height) // each begins with its filter: none
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = places.get(pixels[y * width + x])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 3], 8) // bits of a place, and that places are meant
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('PLTE', Buffer.from(palette.flatMap(parts))), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
  ])
}

/** The colours to draw with, and the place among them of each one that there is. */
function paletteOf(pixels) {
  const counts = new Map()
  for (const p of pixels) counts.set(p, (counts.get(p) ?? 0) + 1)
  const known = [...counts].map(([colour, count]) => ({ colour, count, parts: parts(colour) })).sort((a, b) => b.count - a.count || a.colour - b.colour)
  if (known.length <= colours) return { palette: known.map((k) => k.colour), places: new Map(known.map((k, n) => [k.colour, n])) }
  const boxes = split(known.slice(exact), colours - exact)
  const palette = [...known.slice(0, exact).map((k) => k.colour), ...boxes.map(mean)]
  const places = new Map(known.slice(0, exact).map((k, n) => [k.colour, n]))
  for (const k of known.slice(exact)) places.set(k.colour, nearest(palette, k.parts))
  return { palette, places }
}

/** Median cut: the box whose cut helps most is cut in two until there are enough. */
function split(known, wanted) {
  const boxes = [boxOf(known)]
  while (boxes.length < wanted) {
    const at = boxes.reduce((best, box, n) => (box.spread > boxes[best].spread ? n : best), 0)
    const { known: all, axis, weight, spread } = boxes[at]
    if (spread === 0) break
    all.sort((a, b) => a.parts[axis] - b.parts[axis])
    let half = 0
    let n = 0
    while (n < all.length - 2 && half + all[n].count <= weight / 2) half += all[n++].count
    boxes.splice(at, 1, boxOf(all.slice(0, n + 1)), boxOf(all.slice(n + 1)))
  }
  return boxes
}

function boxOf(known) {
  const range = [0, 1, 2].map((axis) => {
    let low = 255
    let high = 0
    for (const { parts } of known) { low = Math.min(low, parts[axis]); high = Math.max(high, parts[axis]) }
    return high - low
  })
  const axis = range.indexOf(Math.max(...range))
  const weight = known.reduce((sum, k) => sum + k.count, 0)
  return { known, axis, weight, spread: known.length < 2 ? 0 : range[axis] ** 2 * weight ** 0.35 }
}

function mean({ known, weight }) {
  const [r, g, b] = [0, 1, 2].map((axis) => Math.round(known.reduce((sum, k) => sum + k.parts[axis] * k.count, 0) / weight))
  return (r << 16) | (g << 8) | b
}

function nearest(palette, [r, g, b]) {
  let best = 0
  let least = Infinity
  for (let n = 0; n < palette.length; n++) {
    const [pr, pg, pb] = parts(palette[n])
    const off = 2 * (pr - r) ** 2 + 4 * (pg - g) ** 2 + (pb - b) ** 2
    if (off < least) { least = off; best = n }
  }
  return best
}

function parts(colour) {
  return [colour >> 16, (colour >> 8) & 255, colour & 255]
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const whole = Buffer.alloc(body.length + 8)
  whole.writeUInt32BE(data.length, 0)
  body.copy(whole, 4)
  whole.writeUInt32BE(crc32(body), body.length + 4)
  return whole
}
