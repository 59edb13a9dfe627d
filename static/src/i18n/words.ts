// The dictionaries that are here. A page loads one: the reader's.
import type { Dictionary } from './en'
import type { Language } from './language'

const sources: Readonly<Record<Language, () => Promise<Dictionary>>> = {
  en: async () => (await import('./en')).en,
  zh: async () => (await import('./zh')).zh,
}
const here = new Map<Language, Dictionary>()

/** Fetches a dictionary, unless it is here. Throws when there is no network. */
export async function fetchWords(language: Language): Promise<void> {
  if (!here.has(language)) here.set(language, await sources[language]())
}

/** A dictionary that was fetched before. */
export function words(language: Language): Dictionary {
  const d = here.get(language)
  if (d === undefined) throw new Error(`the words of "${language}" were not fetched`)
  return d
}
