// The list that j and k move through: the one that is on screen.

export interface KeyedList {
  /** Moves the focus to the next post, or the one before. */
  step(by: 1 | -1): void
  /** The id of the post that keys speak of. */
  current(): string | null
}

class FeedKeys {
  list: KeyedList | null = null

  /** Gives the keys to a list, until the function given back is called. */
  belongTo(list: KeyedList): () => void {
    this.list = list
    return () => { if (this.list === list) this.list = null }
  }
}

export const feedKeys = new FeedKeys()
