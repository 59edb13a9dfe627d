// Holds still what is read while the list around it changes: posts that come
// or go above, or turn out higher than they were thought to be. Browsers do
// this differently or not at all, so the list switches theirs off.

interface Mark {
  row: HTMLElement
  top: number // px below the upper edge of the screen
}

const maxMarks = 12

export class Anchor {
  #marks: Mark[] = []
  #scrolledTo = 0

  /** `edge` is where what is read begins, in px: below the bar of the page. */
  constructor(private readonly list: HTMLElement, private readonly edge: number) {}

  /** Whether the list begins above what is read: then it may grow there. */
  get below(): boolean {
    return this.list.getBoundingClientRect().top < this.edge
  }

  /** Notes where the rows on the screen stand; call it after each scroll. */
  note(): void {
    this.#marks = []
    this.#scrolledTo = scrollY
    for (const row of this.list.querySelectorAll<HTMLElement>(':scope > [data-row]')) {
      const { top, bottom } = row.getBoundingClientRect()
      if (bottom <= this.edge) continue
      this.#marks.push({ row, top })
      if (top > innerHeight || this.#marks.length === maxMarks) break
    }
  }

  /** Puts the first row that is still there back to where it stood. */
  hold(): void {
    const mark = this.#marks.find((m) => m.row.isConnected)
    if (mark !== undefined && this.below) {
      const wanted = mark.top - (scrollY - this.#scrolledTo) // somebody scrolled, and we do not know of it yet
      const moved = mark.row.getBoundingClientRect().top - wanted
      if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: 'instant' })
    }
    this.note()
  }
}
