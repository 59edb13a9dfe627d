// Draws the icons of the installed page into public/icons, from
// public/favicon.svg. Needs Chromium: $CHROMIUM, or one of the system's.
//
//   node scripts/icons.mjs
import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const at = (path) => fileURLToPath(new URL(`../public/${path}`, import.meta.url))
const drawing = readFileSync(at('favicon.svg'), 'utf8')
const paper = '#eef2ef'

// How much of the icon the drawing takes. Masks cut to a circle of 80 %: the
// drawing, whose corners are empty, stays inside it.
const icons = [
  { name: 'icon-192.png', size: 192, share: 0.86, round: 0.22 },
  { name: 'icon-512.png', size: 512, share: 0.86, round: 0.22 },
  { name: 'maskable-192.png', size: 192, share: 0.62, round: 0 },
  { name: 'maskable-512.png', size: 512, share: 0.62, round: 0 },
  { name: 'apple-touch-icon.png', size: 180, share: 0.74, round: 0 }, // the system rounds it
]

mkdirSync(at('icons'), { recursive: true })
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const page = await browser.newPage()
  for (const { name, size, share, round } of icons) {
    await page.setViewportSize({ width: size, height: size })
    await page.setContent(`<style>
      body { margin: 0 }
      div { display: grid; place-items: center; width: ${size}px; height: ${size}px; background: ${paper}; border-radius: ${round * 100}% }
      svg { width: ${share * 100}%; height: ${share * 100}% }
    </style><div>${drawing}</div>`)
    await page.screenshot({ path: at(`icons/${name}`), omitBackground: true })
  }
} finally {
  await browser.close()
}
