// Measures the feed in a real browser: frames and memory while posts come
// fifty times a second, at the top and while somebody scrolls. Prints a table
// for docs/benchmarks.md; `make bench-web` runs it.
//
//   node scripts/bench-feed.mjs --program ../bin/lifecircle [--seconds 20] [--rate 50] [--minutes 0]
//
// --minutes goes on at the top for so long and tells the memory each minute.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, chmod } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

const { values } = parseArgs({
  options: {
    program: { type: 'string', default: '../bin/lifecircle' }, seconds: { type: 'string', default: '20' }, rate: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '0' }, chromium: { type: 'string', default: process.env.CHROMIUM ?? '/usr/bin/chromium' },
  },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate) // posts a second
const minutes = Number(values.minutes)
const people = 20
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms) })

const words = 'tea rain library bicycle lake dumplings night train window market piano chestnut bridge notebook kettle'.split(' ')
const text = (n) => Array.from({ length: 4 + ((n * 7) % 40) }, (_, i) => words[(n * 13 + i * 5) % words.length]).join(' ')

const dir = await mkdtemp(join(tmpdir(), 'lifecircle-bench-'))
await chmod(dir, 0o755) // Postgres may run as another user
const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address()
    probe.close(() => resolve(port))
  })
})
const url = `http://127.0.0.1:${port}`
const server = spawn(values.program, ['serve', '--dev', `--listen=127.0.0.1:${port}`, `--data-dir=${dir}`, '--drain=1s'], { stdio: 'ignore' })
const ended = new Promise((resolve) => server.on('exit', resolve))
let browser
let posting = true

try {
  await ready()
  const posters = (await call('/v1/dev/users', { count: people, prefix: 'bench' })).items
  const circle = await call('/v1/circles', { name: 'A busy circle', description: 'Posts come and come.', category: 'other' }, posters[0].access_token)
  let sent = 0
  const post = () => {
    const n = sent++
    return call(`/v1/circles/${circle.id}/posts`, { text: `${n} ${text(n)}` }, posters[n % people].access_token)
  }
  for (let n = 0; n < 100; n++) await post()

  browser = await chromium.launch({ executablePath: values.chromium, headless: true, args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'] })
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
  await signUp(page)
  await page.goto(`${url}/circles/${circle.id}`)
  await page.getByTestId('post').first().waitFor()
  await page.locator('[data-testid="connection-state"][data-state="connected"]').waitFor({ state: 'attached' })
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' }) // processor time of the page's thread, whatever else the machine does

  const rows = [await measured('nothing comes, at rest', page, cdp, seconds / 4)]
  const poster = postSteadily(post)
  rows.push(await measured(`${rate} posts a second, at the top`, page, cdp, seconds))
  rows.push(await measured('the same, scrolling down and up', page, cdp, seconds, () => scrolling(page, seconds)))
  await page.evaluate(() => scrollTo(0, 0))
  rows.push(await measured('the same, at the top again', page, cdp, seconds))
  for (let minute = 1; minute <= minutes; minute++) rows.push(await measured(`at the top, minute ${minute}`, page, cdp, 60))
  posting = false
  await poster
  report(rows)
  console.log(`${sent} posts were sent.`)
} finally {
  posting = false
  await browser?.close()
  server.kill('SIGTERM')
  await ended
  await rm(dir, { recursive: true, force: true })
}

async function ready() {
  for (let n = 0; n < 600; n++) {
    if ((await fetch(`${url}/readyz`).catch(() => null))?.ok) return
    await sleep(100)
  }
  throw new Error('the server did not become ready')
}

async function call(path, body, token) {
  const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) } })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

async function signUp(page) {
  await page.goto(`${url}/signup`)
  const fill = (id, value) => page.getByTestId(id).fill(value)
  await fill('display-name', 'Reader')
  await fill('handle', 'bench_reader')
  await fill('password', 'correct horse of the bench')
  await page.getByTestId('submit').click()
  await page.getByTestId('me-link').waitFor()
}

/** Posts at the rate, never more than is due and never many at once. */
async function postSteadily(post) {
  const began = performance.now()
  for (let n = 0; posting; n++) {
    const due = began + (n * 1000) / rate
    const early = due - performance.now()
    if (early > 1) await sleep(early)
    await post().catch((e) => { if (posting) throw e })
  }
}

/** A hand on the wheel: a screen every half second, turning after a while. */
async function scrolling(page, seconds) {
  await page.mouse.move(400, 500)
  const end = performance.now() + seconds * 1000
  for (let n = 0; performance.now() < end; n++) {
    await page.mouse.wheel(0, n % 80 < 56 ? 120 : -120)
    await sleep(60)
  }
}

async function measured(name, page, cdp, seconds, doing = () => sleep(seconds * 1000)) {
  const before = await metrics(cdp)
  const began = performance.now()
  await page.evaluate(() => {
    const m = (globalThis.bench = { frames: [], running: true, most: 0 })
    let last
    const frame = (now) => {
      if (last !== undefined) m.frames.push(now - last)
      last = now
      if (m.frames.length % 10 === 0) m.most = Math.max(m.most, document.querySelectorAll('[data-testid="post"]').length)
      if (m.running) requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  await doing()
  const { frames, most } = await page.evaluate(() => {
    globalThis.bench.running = false
    return globalThis.bench
  })
  const after = await metrics(cdp)
  const wall = (performance.now() - began) / 1000
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  const nodes = (await metrics(cdp)).Nodes
  frames.sort((a, b) => a - b)
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))]
  const spent = (what) => (((after[what] - before[what]) / wall) * 100).toFixed(0)
  return {
    name, fps: (frames.length / (frames.reduce((a, b) => a + b, 0) / 1000)).toFixed(1), p50: at(0.5).toFixed(1), p95: at(0.95).toFixed(1), p99: at(0.99).toFixed(1),
    busy: spent('TaskDuration'), script: spent('ScriptDuration'), layout: spent('LayoutDuration'), style: spent('RecalcStyleDuration'), heap: (usedSize / 1024 / 1024).toFixed(1), nodes, cards: most, held: await page.getByTestId('feed').getAttribute('data-held'),
  }
}

async function metrics(cdp) {
  const { metrics } = await cdp.send('Performance.getMetrics')
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
}

function report(rows) {
  console.log('| | frames a second | frame ms p50 / p95 / p99 | processor % of the page thread (script, style, layout) | heap MB after collection | DOM nodes | cards drawn at most | posts held |')
  console.log('|---|---|---|---|---|---|---|---|')
  for (const r of rows) console.log(`| ${r.name} | ${r.fps} | ${r.p50} / ${r.p95} / ${r.p99} | ${r.busy} (${r.script}, ${r.style}, ${r.layout}) | ${r.heap} | ${r.nodes} | ${r.cards} | ${r.held} |`)
}
