// The language of the screens: the browser's, until the reader chooses.
import { en, type Dictionary } from './en'
import { chooseLanguage, type Language } from './language'
import { zh } from './zh'

const storageKey = 'lifecircle.language'
const dictionaries: Readonly<Record<Language, Dictionary>> = { en, zh }
const tags: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' }

export class I18n {
  language = $state.raw<Language>(chooseLanguage(localStorage.getItem(storageKey), navigator.languages))

  get t(): Dictionary {
    return dictionaries[this.language]
  }

  /** For Intl and the lang attribute. */
  get tag(): string {
    return tags[this.language]
  }

  get other(): Language {
    return this.language === 'en' ? 'zh' : 'en'
  }

  switch(): void {
    this.language = this.other
    localStorage.setItem(storageKey, this.language)
  }

  /** A number short enough for a button: 1.2K, 1.2万. */
  short(n: number): string {
    return new Intl.NumberFormat(this.tag, { notation: 'compact', maximumFractionDigits: 1 }).format(n)
  }

  category(id: string): string {
    const known: Readonly<Record<string, string>> = this.t.categories
    return known[id] ?? id.replaceAll('_', ' ')
  }
}

export { dictionaries }
