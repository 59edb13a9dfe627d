// Draws what a photo is about to look like, from the few bytes that came with it.
import { decode, isBlurhashValid } from 'blurhash'

const side = 24 // px; the browser stretches it, and blurred it is anyway

/** As an attachment of a canvas. */
export function blurhash(hash: string) {
  return (canvas: HTMLCanvasElement): void => {
    canvas.width = side
    canvas.height = side
    const context = isBlurhashValid(hash).result ? canvas.getContext('2d') : null
    if (context === null) return // the plain colour behind it stays
    const image = context.createImageData(side, side)
    image.data.set(decode(hash, side, side))
    context.putImageData(image, 0, 0)
  }
}
