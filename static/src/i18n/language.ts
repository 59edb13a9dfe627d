export type Language = 'en' | 'zh'

/** What each is called in itself. */
export const languageNames: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' }

const storageKey = 'lifecircle.language'

export const browserLanguage = (): Language => chooseLanguage(localStorage.getItem(storageKey), navigator.languages)
export const keepLanguage = (language: Language): void => localStorage.setItem(storageKey, language)

/** The reader's own choice, else the first language of the browser that we have, else English. */
export function chooseLanguage(chosen: string | null, preferred: readonly string[]): Language {
  if (chosen === 'en' || chosen === 'zh') return chosen
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split('-')[0]
    if (primary === 'en' || primary === 'zh') return primary
  }
  return 'en'
}
