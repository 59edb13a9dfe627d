// Drafts that were put in place from elsewhere, such as a post taken back from
// the outbox: who shows them begins anew.
import { SvelteMap } from 'svelte/reactivity'

class DraftNews {
  readonly #turns = new SvelteMap<string, number>()

  of(what: string): number {
    return this.#turns.get(what) ?? 0
  }

  changed(what: string): void {
    this.#turns.set(what, this.of(what) + 1)
  }
}

export const draftNews = new DraftNews()
