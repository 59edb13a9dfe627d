// Looks at the page as people see and hear it. It is evaluated in the page,
// with axe-core before it; `audit` is what Go calls.
(() => {
  const quietMs = 120 // without a change, until a screen counts as there
  const longestMs = 6_000

  /** Waits until the screen has its heading, nothing loads, nothing moves and nothing changes. */
  const settled = () => new Promise((resolve) => {
    let timer
    const done = () => {
      observer.disconnect()
      clearTimeout(latest)
      resolve()
    }
    const again = () => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        const moving = document.getAnimations().some((a) => a.playState === 'running' && a.effect.getComputedTiming().iterations !== Infinity)
        const loading = document.querySelector('main h1') === null || document.querySelector('main .bones') !== null
        if (moving || loading) again()
        else done()
      }, quietMs)
    }
    const observer = new MutationObserver(again)
    observer.observe(document.body, { childList: true, subtree: true, characterData: true })
    const latest = setTimeout(done, longestMs)
    again()
  })

  /** What people wrote: in any language, and not ours. */
  const written = 'bdi, [dir="auto"], [lang]:not(html), svg text, script, style, noscript'

  /** The words of the client: texts that are seen, and names and hints that are heard. */
  const words = (language, known) => {
    const names = [...known, ...[...document.querySelectorAll('bdi')].map((b) => b.textContent.trim())].filter((n) => n !== '').sort((a, b) => b.length - a.length)
    const without = (s) => names.reduce((left, name) => left.replaceAll(name, ' '), s)
    const found = new Set()
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
      const within = node.parentElement
      if (within.closest(written) === null && within.getClientRects().length > 0) found.add(node.data)
    }
    for (const e of document.querySelectorAll('[aria-label], [placeholder], [title], [alt]')) {
      if (e.querySelector('[lang]') === null) // the name of a language is in that language
        for (const a of ['aria-label', 'placeholder', 'title', 'alt']) found.add(e.getAttribute(a) ?? '')
    }
    found.add(document.title)
    // Names, signs of keys and files, and what is written in rules.
    const allowed = /Life Circle|[@#][\w]+|https?:\S+|\bCtrl\b|\bEnter\b|\bEsc\b|\bShift\b|\bJPEG\b|\bPNG\b|\bWebP\b|\bGIF\b|\bHEIC\b|\bCSV\b|\blc-[\d.]+|\b(user|circle|can)\.\w+/g
    const foreign = language === 'zh' ? /[A-Za-z]{2,}/ : /\p{Script=Han}/u
    return [...found].map((s) => without(s.replaceAll(allowed, ' ')).trim()).filter((s) => foreign.test(s))
  }

  /** Everything wider than the screen that is not clipped or scrolled by what it stands in. */
  const wide = () => {
    if (document.scrollingElement.scrollWidth <= innerWidth) return []
    const out = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    return [`the page is ${document.scrollingElement.scrollWidth} px wide on ${innerWidth}`, ...out.slice(0, 5).map((e) => e.outerHTML.slice(0, 160))]
  }

  window.audit = async (path, language, known) => {
    if (path !== '' && path !== location.pathname + location.search) {
      history.pushState(null, '', path)
      dispatchEvent(new PopStateEvent('popstate'))
      await new Promise(requestAnimationFrame)
    }
    await settled()
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] })
    return {
      path: location.pathname,
      headings: document.querySelectorAll('main h1').length,
      title: document.title,
      paper: getComputedStyle(document.documentElement).backgroundColor,
      violations: violations.flatMap((v) => v.nodes.slice(0, 4).map((n) => `${v.id} (${v.impact}): ${n.html.slice(0, 220)} ${n.failureSummary.replaceAll('\n', ' ').slice(0, 260)}`)),
      foreign: words(language, known),
      wide: wide(),
    }
  }
  return true
})()
