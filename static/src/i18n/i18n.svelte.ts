// The language of the screens: the browser's, until the reader chooses.
import type { Dictionary } from './en'
import { formatShare, formatYuan, type YuanStyle } from '../text/money'
import { browserLanguage, keepLanguage, type Language } from './language'
import { fetchWords, words } from './words'

const tags: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' }

export class I18n {
  language = $state.raw<Language>(browserLanguage())

  get t(): Dictionary {
    return words(this.language)
  }

  /** For Intl and the lang attribute. */
  get tag(): string {
    return tags[this.language]
  }

  get other(): Language {
    return this.language === 'en' ? 'zh' : 'en'
  }

  /** Speaks another language from now on, once its words are here. Throws when they cannot be fetched. */
  async speak(language: Language): Promise<void> {
    await fetchWords(language)
    this.language = language
    keepLanguage(language)
  }

  /** A number short enough for a button: 1.2K, 1.2万. */
  short(n: number): string {
    return new Intl.NumberFormat(this.tag, { notation: 'compact', maximumFractionDigits: 1 }).format(n)
  }

  /** Fen as an amount of money; `compact` where there is little room, `signed` where it came or went. */
  yuan(fen: number, style: YuanStyle = {}): string {
    return formatYuan(fen, this.tag, style)
  }

  share(tenThousandths: number): string {
    return formatShare(tenThousandths, this.tag)
  }

  provider(name: string): string {
    const known: Readonly<Record<string, string>> = this.t.money.providers
    return known[name] ?? name
  }

  category(id: string): string {
    const known: Readonly<Record<string, string>> = this.t.categories
    return known[id] ?? id.replaceAll('_', ' ')
  }
}
