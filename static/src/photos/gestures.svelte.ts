// Fingers and mouse on one photo: swipe, pinch, double tap, drag.

const swipePx = 56
const swipeDownPx = 96
const doubleTapMs = 300
const tapPx = 12 // a tap moves no further
const maxScale = 5
const tapScale = 2.5

interface Point {
  x: number
  y: number
}

export interface GestureActs {
  next(): void
  previous(): void
  close(): void
}

export class Gestures {
  scale = $state(1)
  x = $state(0)
  y = $state(0)
  /** Fingers are on it: what follows them is not eased. */
  moving = $state(false)
  readonly #pointers = new Map<number, Point>()
  #start: Point = { x: 0, y: 0 }
  #pinched = false
  #tapped = { at: 0, x: 0, y: 0 }

  constructor(private readonly acts: GestureActs) {}

  reset(): void {
    this.scale = 1
    this.x = 0
    this.y = 0
  }

  zoom(by: number): void {
    this.#zoomTo(this.scale * by, { x: innerWidth / 2, y: innerHeight / 2 })
  }

  readonly attach = (stage: HTMLElement): (() => void) => {
    const handlers = { pointerdown: this.#down, pointermove: this.#move, pointerup: this.#up, pointercancel: this.#cancel, wheel: this.#wheel }
    const all = Object.entries(handlers) as [string, EventListener][]
    for (const [name, handler] of all) stage.addEventListener(name, handler, { passive: false })
    return () => { for (const [name, handler] of all) stage.removeEventListener(name, handler) }
  }

  readonly #down = (e: PointerEvent): void => {
    if (e.button !== 0 || (e.target as Element).closest('button') !== null) return
    ;(e.currentTarget as HTMLElement).setPointerCapture(e.pointerId)
    this.#pointers.set(e.pointerId, { x: e.clientX, y: e.clientY })
    if (this.#pointers.size === 1) {
      this.#start = { x: e.clientX, y: e.clientY }
      this.#pinched = false
    }
    this.moving = true
  }

  readonly #move = (e: PointerEvent): void => {
    const before = this.#pointers.get(e.pointerId)
    if (before === undefined) return
    const now = { x: e.clientX, y: e.clientY }
    const other = [...this.#pointers].find(([id]) => id !== e.pointerId)?.[1]
    this.#pointers.set(e.pointerId, now)
    if (other !== undefined) {
      this.#pinched = true
      const ratio = distance(now, other) / Math.max(1, distance(before, other))
      this.#zoomTo(this.scale * ratio, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 })
    } else if (this.scale > 1) this.#pan(now.x - before.x, now.y - before.y)
    else if (!this.#pinched) this.x = now.x - this.#start.x
  }

  readonly #up = (e: PointerEvent): void => {
    if (!this.#pointers.delete(e.pointerId) || this.#pointers.size > 0) return
    this.moving = false
    const dx = e.clientX - this.#start.x
    const dy = e.clientY - this.#start.y
    if (Math.hypot(dx, dy) < tapPx && !this.#pinched) this.#tap(e)
    if (this.scale > 1) return
    this.x = 0
    if (this.#pinched) return
    if (Math.abs(dx) > swipePx && Math.abs(dx) > Math.abs(dy)) (dx < 0 ? this.acts.next : this.acts.previous)()
    else if (dy > swipeDownPx && dy > Math.abs(dx)) this.acts.close()
  }

  readonly #cancel = (e: PointerEvent): void => {
    this.#pointers.delete(e.pointerId)
    this.moving = this.#pointers.size > 0
    if (this.scale === 1) this.x = 0
  }

  readonly #wheel = (e: WheelEvent): void => {
    e.preventDefault()
    if (e.ctrlKey) this.#zoomTo(this.scale * Math.exp(-e.deltaY / 100), { x: e.clientX, y: e.clientY }) // two fingers on a trackpad
    else if (this.scale > 1) this.#pan(-e.deltaX, -e.deltaY)
  }

  #tap(e: PointerEvent): void {
    const { at, x, y } = this.#tapped
    const twice = e.timeStamp - at < doubleTapMs && Math.hypot(e.clientX - x, e.clientY - y) < 2 * tapPx
    this.#tapped = twice ? { at: 0, x: 0, y: 0 } : { at: e.timeStamp, x: e.clientX, y: e.clientY }
    if (!twice) return
    if (this.scale > 1) this.reset()
    else this.#zoomTo(tapScale, { x: e.clientX, y: e.clientY })
  }

  /** Enlarges around a point of the screen, which stays where it is. */
  #zoomTo(wanted: number, around: Point): void {
    const scale = Math.min(maxScale, Math.max(1, wanted))
    if (scale === 1) {
      this.reset()
      return
    }
    const cx = around.x - innerWidth / 2
    const cy = around.y - innerHeight / 2
    const ratio = scale / this.scale
    this.scale = scale
    this.x = cx - (cx - this.x) * ratio
    this.y = cy - (cy - this.y) * ratio
    this.#pan(0, 0)
  }

  /** Moves it, but never off the screen. */
  #pan(dx: number, dy: number): void {
    const most = { x: (innerWidth * (this.scale - 1)) / 2, y: (innerHeight * (this.scale - 1)) / 2 }
    this.x = Math.min(most.x, Math.max(-most.x, this.x + dx))
    this.y = Math.min(most.y, Math.max(-most.y, this.y + dy))
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}
