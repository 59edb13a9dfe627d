// Light, dark, or as the system is. The colours of the night are a style sheet
// of their own, which applies by its media query: choosing changes the query.

export type Theme = 'system' | 'light' | 'dark'
export const themes: readonly Theme[] = ['system', 'light', 'dark']

const storageKey = 'lifecircle.theme'
const media: Readonly<Record<Theme, string>> = { system: '(prefers-color-scheme: dark)', light: 'not all', dark: 'all' }
const schemes: Readonly<Record<Theme, string>> = { system: '', light: 'light', dark: 'dark' }

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(storageKey)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(storageKey)
  else localStorage.setItem(storageKey, theme)
  applyTheme(theme)
}

export function applyTheme(theme: Theme = chosenTheme()): void {
  document.querySelector<HTMLLinkElement>('link[data-night]')?.setAttribute('media', media[theme])
  document.documentElement.style.colorScheme = schemes[theme] // scroll bars and fields
  // The frame of the browser's window: one colour for light, one for dark.
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const night = meta.dataset['scheme'] === 'dark'
    const plain = night ? media.system : '(prefers-color-scheme: light)'
    meta.setAttribute('media', theme === 'system' ? plain : (theme === 'dark') === night ? 'all' : 'not all')
  }
}
