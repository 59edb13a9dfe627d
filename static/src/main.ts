import { mount } from 'svelte'
import './app.css'
import Root from './Root.svelte'
import { browserLanguage } from './i18n/language'
import { fetchWords } from './i18n/words'
import { parseRoute } from './routing/routes'
import { screenOf } from './screens'
import { applyTheme } from './theme/theme'

applyTheme()
const target = document.getElementById('app')
if (target === null) throw new Error('index.html holds no #app')
// Both on their way at once; a screen that fails to come is asked for again, and complained of, where it is shown.
const words = fetchWords(browserLanguage())
void screenOf(parseRoute(location.pathname, location.search)).load().catch(() => undefined)
try {
  await words
  mount(Root, { target })
} catch (cause) {
  // Without words there is nothing to say it with: the page itself did not arrive whole.
  target.textContent = 'Life Circle could not be loaded. Please reload the page. 页面没有加载完整，请刷新。'
  throw cause
}
