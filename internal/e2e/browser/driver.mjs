// Does in headless Chromium what it is told; Go holds the tests. Elements are
// named by data-testid, see static/README.md.
//
// In:  {"id", "of": page, "do", ...arguments}; Out: answers, see ../node/lines.mjs.
import { obey, require } from '../node/lines.mjs'

const { chromium } = require('playwright-core')
const patience = 20_000 // ms, for an element to be there
const keptFrames = 60
const keptLength = 400 // characters of one

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  headless: true, // with a profile of its own, removed at the end
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
  ],
})
const pages = new Map()

/** One page with a context of its own: another person at another machine. */
class Page {
  faults = [] // what a developer would see in red
  frames = [] // the last ones on its sockets
  sent = [] // what was asked for, but for GET: method, path, idempotency key
  offsets = [] // from which byte on uploads sent their files
  held = new Map() // what lets go of the paths that are held up

  async open({ url, width = 1280, height = 800, locale = 'en-US', scale = 1, scheme = 'light', refused = [], worker = false }) {
    this.refused = refused // paths whose refusals are wanted: the browser writes them in red, too
    const serviceWorkers = worker ? 'allow' : 'block' // what passes one cannot be held up or lost for a test
    this.context = await browser.newContext({ viewport: { width, height }, locale, deviceScaleFactor: scale, colorScheme: scheme, serviceWorkers })
    this.context.setDefaultTimeout(patience)
    await this.context.exposeFunction('e2eViolated', (what) => this.faults.push(`content policy: ${what}`))
    await this.context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (e) => window.e2eViolated(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`))
    })
    await this.show(url)
  }

  /** Another page in the browser of the one that is named. */
  async tab({ url, beside }) {
    this.refused = []
    this.context = pages.get(beside).context
    await this.show(url)
  }

  /** Opens an address in a new tab of the same browser. */
  async show(url) {
    this.page = await this.context.newPage()
    this.page.on('console', (m) => {
      if (m.text().includes('Service Worker registration blocked by Playwright')) return
      const wanted = m.text().includes('the server responded with a status of 4') && this.refused.some((path) => new URL(m.location().url).pathname.startsWith(path))
      if (!wanted && (m.type() === 'error' || m.type() === 'warning')) this.faults.push(`${m.type()}: ${m.text()}`)
    })
    this.page.on('pageerror', (e) => this.faults.push(`exception: ${e.message}`))
    this.page.on('dialog', async (d) => {
      this.faults.push(`dialog: ${d.message()}`)
      await d.dismiss()
    })
    this.page.on('request', (r) => {
      if (r.method() !== 'GET') this.sent.push(`${r.method()} ${new URL(r.url()).pathname} ${r.headers()['idempotency-key'] ?? ''}`.trim())
      const offset = r.headers()['upload-offset']
      if (offset !== undefined) this.offsets.push(Number(offset))
    })
    this.page.on('websocket', (socket) => {
      const note = (what) => this.frames.splice(0, this.frames.push(`${new Date().toISOString()} ${what}`.slice(0, keptLength)) - keptFrames)
      socket.on('framereceived', ({ payload }) => note(`< ${payload}`))
      socket.on('framesent', ({ payload }) => note(`> ${payload}`))
      socket.on('close', () => note('closed'))
    })
    await this.page.goto(url)
  }

  /** An element by its test id, in the post that is named, if one is. */
  find({ testid, post, text }) {
    const where = post ? this.page.locator(`[data-testid="post"][data-post-id="${post}"]`) : this.page
    const found = where.getByTestId(testid)
    return (text ? found.filter({ hasText: text }) : found).first()
  }

  async goto({ url }) {
    await this.page.goto(url)
  }
  /** Loads the page and its neighbour again and again at once, each time without waiting for the time before. */
  async reloadWith({ beside, times }) {
    const both = [this.page, pages.get(beside).page]
    const again = (p) => p.reload({ waitUntil: 'commit' }).catch((e) => {
      if (!e.message.includes('Not attached')) throw e // it is being swapped for the one before
    })
    for (let i = 0; i < times; i++) await Promise.all(both.map(again))
    await Promise.all(both.map((p) => p.waitForLoadState('load')))
  }
  /** The value of an expression in the page. */
  async evaluate({ script }) {
    return this.page.evaluate(script)
  }
  /** Clicks what loads the page again, and waits until it is loaded. */
  async clickToLoad(what) {
    await Promise.all([this.page.waitForEvent('load'), this.find(what).click()])
  }
  /** Waits until the service worker answers for the page. */
  async controlled() {
    await this.page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  }
  /** What the browser says of installing the page. */
  async manifest() {
    const devtools = await this.context.newCDPSession(this.page)
    try {
      const { url, errors, data } = await devtools.send('Page.getAppManifest')
      const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors')
      return { url, data, errors: [...errors.map((e) => e.message), ...installabilityErrors.map((e) => e.errorId)] }
    } finally {
      await devtools.detach()
    }
  }
  async cookies() {
    return this.context.cookies()
  }
  async click(what) {
    await this.find(what).click()
  }
  async fill({ value, ...what }) {
    await this.find(what).fill(value)
  }
  async press({ key, ...what }) {
    await (what.testid ? this.find(what) : this.page.locator(':focus')).press(key)
  }
  /** Chooses a radio button, which may lie under what is drawn for it. */
  async choose(what) {
    await this.find(what).check({ force: true })
  }
  async text(what) {
    return (await this.find(what).textContent()).trim()
  }
  /** What stands in a field. */
  async value(what) {
    return this.find(what).inputValue()
  }
  async disabled(what) {
    return this.find(what).isDisabled()
  }
  /** The test id of what has the focus, or of what it stands in. */
  async focused() {
    return this.page.evaluate(() => document.activeElement?.closest('[data-testid]')?.dataset.testid ?? '')
  }
  /** Presses a button of a page that is not ours to name. */
  async button({ name, value }) {
    await this.page.locator(`button[name="${name}"][value="${value}"]`).click()
  }
  async link({ path }) {
    await this.page.locator(`a[href^="${path}"]`).first().click()
  }
  /** How much wider the page is than the screen. */
  async overflow() {
    return this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  }
  /** Loses the answers to the first POSTs to a path; the requests arrive. */
  async dropAnswers({ path, times }) {
    let left = times
    await this.page.route(
      (url) => url.pathname === path,
      async (route) => {
        if (route.request().method() === 'POST' && left-- > 0) {
          await route.fetch() // it arrives
          await route.abort('connectionreset')
        } else await route.continue()
      },
    )
  }
  /** Holds up what is asked for below a path, until it is let go. */
  async hold({ path }) {
    const promise = new Promise((resolve) => { this.held.set(path, resolve) })
    await this.page.route((url) => url.pathname.startsWith(path), async (route) => {
      await promise
      await route.continue()
    })
  }
  async letGo({ path }) {
    this.held.get(path)()
    this.held.delete(path)
  }
  /** Makes the line of the tab as slow as told, in bytes a second up, or takes it away. */
  async line({ offline = false, up = -1 }) {
    this.devtools ??= await this.context.newCDPSession(this.page)
    await this.devtools.send('Network.enable')
    await this.devtools.send('Network.emulateNetworkConditions', { offline, latency: 0, downloadThroughput: -1, uploadThroughput: up })
  }
  /** Presses the button that adds photos, and chooses these files. */
  async chooseFiles({ paths }) {
    const [chooser] = await Promise.all([this.page.waitForEvent('filechooser'), this.find({ testid: 'photo-add' }).click()])
    await chooser.setFiles(paths)
  }
  async uploadOffsets() {
    return this.offsets
  }
  /** Closes the tab; what the browser keeps stays. */
  async shut() {
    await this.page.close()
  }
  async reopen({ url }) {
    await this.show(url)
  }
  async back() {
    await this.page.goBack()
  }
  async blur() {
    await this.page.evaluate(() => document.activeElement?.blur())
  }
  /** The post that the focus is in. */
  async focusedPost() {
    return this.page.evaluate(() => document.activeElement?.closest('[data-post-id]')?.dataset.postId ?? '')
  }
  /** Paths whose refusals are wanted from now on. */
  async refuses({ paths }) {
    this.refused = [...this.refused, ...paths]
  }
  async reload() {
    await this.page.reload()
  }
  /** Presses a key of the whole page. */
  async key({ key }) {
    await this.page.keyboard.press(key)
  }
  /** Turns the wheel over the middle of the page. */
  async wheel({ by }) {
    const { width, height } = this.page.viewportSize()
    await this.page.mouse.move(width / 3, height / 2)
    await this.page.mouse.wheel(0, by)
  }
  async scrolledTo() {
    return this.page.evaluate(() => scrollY)
  }
  /** The posts on screen, and how far below its upper edge each begins, in px. */
  async onScreen() {
    return this.page.getByTestId('post').evaluateAll((posts) =>
      posts.map((p) => ({ id: p.dataset.postId, top: p.getBoundingClientRect().top })).filter(({ top }) => top > 60 && top < innerHeight),
    )
  }
  async sentRequests() {
    return this.sent
  }
  /** Gives every post of the lists so many photos, the sensitive ones last, and answers for their files. */
  async withPhotos({ photos, sensitive = 0 }) {
    const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64')
    await this.page.route('**/media/test/**', (route) => route.fulfill({ contentType: 'image/png', body: dot }))
    await this.page.route(/\/v1\/circles\/[^/]+\/posts(\?|$)/, async (route) => {
      if (route.request().method() !== 'GET') return route.continue()
      const response = await route.fetch()
      const json = await response.json()
      for (const post of json.items) {
        post.photos = Array.from({ length: photos }, (_, n) => {
          const url = (size) => `/media/test/${post.id}-${n}-${size}.png`
          return { id: `${post.id}p${n}`, width: 1600, height: 1200, blurhash: 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', sensitive: n >= photos - sensitive, urls: { phone: url('phone'), screen: url('screen'), full: url('full') } }
        })
      }
      return route.fulfill({ response, json })
    })
  }
  /** Chooses so many photos for the post that is being written: noise, so that they are large. */
  async choosePhotos({ photos, side = 800 }) {
    const files = await this.page.evaluate(([photos, side]) => Array.from({ length: photos }, (_, n) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side - 100 * n })
      const context = canvas.getContext('2d')
      for (let i = 0; i < 4_000; i++) {
        context.fillStyle = `hsl(${(i * 37) % 360} 60% 50%)`
        context.fillRect(Math.random() * side, Math.random() * side, 12, 12)
      }
      return canvas.toDataURL('image/jpeg', 0.92).split(',')[1]
    }), [photos, side])
    await this.page.getByTestId('photo-file').setInputFiles(files.map((data, n) => ({ name: `photo-${n + 1}.jpg`, mimeType: 'image/jpeg', buffer: Buffer.from(data, 'base64') })))
  }
  /** Chooses a file that only says that it is a photo. */
  async chooseNoPhoto() {
    await this.page.getByTestId('photo-file').setInputFiles([{ name: 'odd.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not a photo at all') }])
  }
  async there(what) {
    await this.find(what).waitFor({ state: 'visible' })
  }
  async count({ testid }) {
    return this.page.getByTestId(testid).count()
  }
  async attribute({ name, ...what }) {
    return this.find(what).getAttribute(name)
  }
  /** The posts as they are seen, newest first. */
  async posts() {
    return this.page.getByTestId('post').evaluateAll((posts) =>
      posts.map((p) => {
        const of = (id) => p.querySelector(`[data-testid="${id}"]`)
        return {
          id: p.dataset.postId,
          text: of('post-text').textContent,
          elements: of('post-text').querySelectorAll('*').length,
          likes: Number(of('like-count').dataset.count),
          comments: Number(of('comment-count').dataset.count),
        }
      }),
    )
  }
  async offline({ away }) {
    await this.context.setOffline(away)
  }
  async screenshot({ path }) {
    await this.page.screenshot({ path, animations: 'disabled' })
  }
  async seenFaults() {
    return this.faults
  }
  async lastFrames() {
    return this.frames
  }
  async settle() {
    await this.page.evaluate(() => document.fonts.ready)
  }
}

obey(
  async ({ of, do: what, ...args }) => {
    if (what === 'open' || what === 'tab') pages.set(of, new Page())
    return pages.get(of)[what](args)
  },
  () => browser.close(),
)
