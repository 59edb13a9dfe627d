// Takes the pictures of the documents: docs/screenshots/*.png, of a demo world
// that has just been made. `make screenshots` runs it.
//
//   node scripts/screenshots.mjs --program ../bin/lifecircle --out ../docs/screenshots [--only home,tip]
//
// The world tells the same story each time, but goes on living while the
// pictures are taken: what is newest differs from one time to the next.
import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { indexed } from './png.mjs'

const { values } = parseArgs({
  options: {
    program: { type: 'string', default: '../bin/lifecircle' }, out: { type: 'string', default: '../docs/screenshots' },
    only: { type: 'string', default: '' }, chromium: { type: 'string', default: process.env.CHROMIUM ?? '/usr/bin/chromium' },
  },
})
const only = values.only === '' ? null : new Set(values.only.split(','))
const password = 'circle-demo'
const desk = { viewport: { width: 1120, height: 740 }, locale: 'en-US', colorScheme: 'light' }
const phone = { viewport: { width: 390, height: 844 }, locale: 'zh-CN', colorScheme: 'dark' }
const startMs = 120_000 // the demo world included
const maxBytes = 150_000 // of one picture, so that the documents stay light

/** Each picture, in this order: who looks, with what, at what, what is done first, and what after it. */
const pictures = {
  composer: { who: 'amy', at: (w) => `/circles/${w.circle.id}`, first: compose, then: send },
  home: { who: 'kai', at: () => '/' },
  circle: { who: 'kai', at: (w) => `/circles/${w.circle.id}` },
  post: { who: 'kai', at: (w) => `/posts/${w.post.id}` },
  tip: { who: 'kai', at: (w) => `/posts/${w.post.id}`, first: tip },
  person: { who: 'kai', at: (w) => `/users/${w.post.author.id}` },
  wallet: { who: 'kai', at: () => '/wallet' },
  credit: { who: 'kai', at: () => '/credit' },
  verifications: { who: 'kai', at: () => '/me/verifications' },
  settings: { who: 'kai', at: () => '/settings' },
  rules: { who: 'lin', at: (w) => `/circles/${w.ruled.id}/rules` },
  'home-phone-zh-dark': { who: 'mei', at: () => '/', device: phone },
}
const said = 'Sunday, from the first bus to the last: terraces, a moon and no lost hikers.'

const dir = await mkdtemp(join(tmpdir(), 'lifecircle-screenshots-'))
await chmod(dir, 0o755) // Postgres may run as another user
const url = `http://127.0.0.1:${await freePort()}`
const server = spawn(values.program, ['serve', '--demo', `--listen=${url.slice('http://'.length)}`, `--data-dir=${join(dir, 'data')}`, '--drain=1s'], { stdio: 'ignore' })
const ended = new Promise((resolve) => { server.on('exit', resolve) })
let browser

try {
  await ready()
  const world = await look()
  browser = await chromium.launch({ executablePath: values.chromium, headless: true, args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage', '--force-color-profile=srgb', '--hide-scrollbars'] })
  await mkdir(values.out, { recursive: true })
  for (const [name, picture] of Object.entries(pictures)) if (only === null || only.has(name)) await take(name, picture, world)
} finally {
  await browser?.close()
  server.kill('SIGTERM')
  await ended
  await rm(dir, { recursive: true, force: true })
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

async function ready() {
  const stopped = ended.then(() => { throw new Error('the server ended while it started') })
  const answers = (async () => {
    for (const end = Date.now() + startMs; Date.now() < end;) {
      if ((await fetch(`${url}/readyz`).catch(() => null))?.ok) return
      await new Promise((resolve) => { setTimeout(resolve, 100) })
    }
    throw new Error('the server did not become ready')
  })()
  stopped.catch(() => undefined) // it ends in the end
  await Promise.race([answers, stopped])
}

/** Chooses what is shown: a circle, what with photos is most talked about there, and three photos to post. */
async function look() {
  const get = async (path) => (await fetch(url + path)).json()
  const circles = (await get('/v1/circles?limit=100')).items
  const circle = circles.find((c) => c.name === 'Weekend Hikers')
  const posts = (await get(`/v1/circles/${circle.id}/posts?limit=100`)).items.filter((p) => p.photos.length > 0)
  const rank = (p) => Math.min(4, p.counts.comments) + (p.counts.tip_total > 0 ? 2 : 0) + p.photos.length
  const [post] = posts.toSorted((a, b) => rank(b) - rank(a))
  const drawn = [...new Set(posts.flatMap((p) => p.photos).map((p) => p.urls.full))].sort()
  const files = await Promise.all(drawn.slice(0, 3).map(async (path, n) => {
    const file = join(dir, `hike-${n + 1}.jpg`)
    await writeFile(file, Buffer.from(await (await fetch(url + path)).arrayBuffer()))
    return file
  }))
  return { circle, post, files, ruled: circles.find((c) => c.name.startsWith('Campus Life')) }
}

async function take(name, { who, at, first, then, device = desk }, world) {
  const context = await browser.newContext({ ...device, deviceScaleFactor: 1, reducedMotion: 'reduce', serviceWorkers: 'block' })
  try {
    const page = await context.newPage()
    await signIn(page, who)
    await page.goto(url + at(world))
    await page.locator('[data-testid="connection-state"][data-state="connected"]').waitFor({ state: 'attached' })
    await settle(page)
    await first?.(page, world)
    await settle(page)
    const path = join(values.out, `${name}.png`)
    const shot = await page.screenshot({ animations: 'disabled', caret: 'hide' })
    await then?.(page)
    const file = await reduced(context, shot)
    await writeFile(path, file)
    console.log(`${path}: ${Math.round(file.length / 1000)} kB${file.length > maxBytes ? ', which is much' : ''}`)
  } finally {
    await context.close()
  }
}

/** The picture in fewer colours; a browser reads it best. */
async function reduced(context, png) {
  const blank = await context.newPage()
  const { rgba, width, height } = await blank.evaluate(async (data) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob())
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
    canvas.drawImage(bitmap, 0, 0)
    const pixels = canvas.getImageData(0, 0, bitmap.width, bitmap.height).data
    let text = ''
    for (let at = 0; at < pixels.length; at += 32_768) text += String.fromCharCode(...pixels.subarray(at, at + 32_768))
    return { rgba: btoa(text), width: bitmap.width, height: bitmap.height }
  }, png.toString('base64'))
  return indexed(Buffer.from(rgba, 'base64'), width, height)
}

async function signIn(page, who) {
  await page.goto(`${url}/signin`)
  await page.getByTestId('handle').fill(who)
  await page.getByTestId('password').fill(password)
  await page.getByTestId('submit').click()
  await page.getByTestId('me-link').waitFor()
}

/** Waits until nothing more is fetched and all that is on the screen is drawn. */
async function settle(page) {
  await page.waitForLoadState('networkidle')
  await page.waitForFunction(() => [...document.querySelectorAll('main img')].every((i) => i.getBoundingClientRect().top > innerHeight || (i.complete && i.naturalWidth > 0)))
  await page.evaluate(() => document.fonts.ready)
}

async function compose(page, { files }) {
  await page.getByTestId('composer-text').fill(said)
  await page.getByTestId('photo-file').setInputFiles(files)
  await page.locator('[data-testid="tray-photo"][data-state="ready"]').nth(files.length - 1).waitFor()
}

async function send(page) {
  await page.getByTestId('composer-send').click()
  await page.getByTestId('post').filter({ hasText: said }).waitFor()
}

async function tip(page) {
  await page.getByTestId('tip-button').first().click()
  await page.getByTestId('tip-amount-520').check({ force: true })
  await page.getByTestId('split-author').waitFor()
}
