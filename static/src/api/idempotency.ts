// Keys that make a repeated request harmless. A key belongs to one action of
// one person: pressing "send" again after a lost answer uses it again, so the
// post appears once; a changed text, or an answer that settles it, ends it.
import { Problem } from './problem'

/** A random name; randomUUID exists only in secure contexts. */
export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

export class Attempt {
  #key = ''
  #body = ''

  constructor(private readonly makeKey: () => string = newKey) {}

  /** Calls send with the key that belongs to body, and keeps it if the outcome is open. */
  async run<T>(body: unknown, send: (key: string) => Promise<T>): Promise<T> {
    const wanted = JSON.stringify(body)
    if (this.#key === '' || wanted !== this.#body) {
      this.#key = this.makeKey()
      this.#body = wanted
    }
    try {
      const answer = await send(this.#key)
      this.#key = ''
      return answer
    } catch (cause) {
      if (cause instanceof Problem && !cause.temporary) this.#key = ''
      throw cause
    }
  }
}
