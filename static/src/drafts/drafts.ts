// What people are writing, kept in this browser until it is sent: written at
// once, so that even a page that is torn away loses nothing.

const prefix = 'lifecircle.draft.'
const maxDrafts = 50 // in this browser; the oldest go
const longest = 20_000 // code units; longer ones could not be sent anyway

interface Kept {
  text: string
  at: number // ms
}

export interface DraftStorage {
  readonly length: number
  key(n: number): string | null
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

export class Drafts {
  constructor(private readonly storage: DraftStorage, private readonly now: () => number = Date.now) {}

  read(user: string, what: string): string {
    return this.#kept(name(user, what))?.text ?? ''
  }

  write(user: string, what: string, text: string): void {
    if (user === '') return
    try {
      if (text.trim() === '') this.storage.removeItem(name(user, what))
      else {
        this.storage.setItem(name(user, what), JSON.stringify({ text: text.slice(0, longest), at: this.now() }))
        this.#tidy()
      }
    } catch {
      // no room: it lives as long as the page
    }
  }

  #tidy(): void {
    const drafts = this.#names().map((key) => ({ key, at: this.#kept(key)?.at ?? 0 }))
    drafts.sort((a, b) => b.at - a.at)
    for (const { key } of drafts.slice(maxDrafts)) this.storage.removeItem(key)
  }

  #names(): string[] {
    return Array.from({ length: this.storage.length }, (_, n) => this.storage.key(n) ?? '').filter((key) => key.startsWith(prefix))
  }

  #kept(key: string): Kept | null {
    try {
      const kept = JSON.parse(this.storage.getItem(key) ?? 'null') as Partial<Kept> | null
      return typeof kept?.text === 'string' ? { text: kept.text, at: kept.at ?? 0 } : null
    } catch {
      return null
    }
  }
}

const name = (user: string, what: string): string => `${prefix}${user}.${what}`

/** What a draft is of. */
export const draftOf = {
  post: (circle: string): string => `post.${circle}`,
  comment: (post: string): string => `comment.${post}`,
}
