import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import type { Plugin } from 'vite'
import { firstLoadBudget } from './build/first-load.ts'
import { serviceWorker } from './build/service-worker.ts'

const outDir = 'dist'
const placeholder = '.gitkeep' // lets the Go package embed dist before the first build

/** Empties the output folder, but for the placeholder. */
function cleanOutput(): Plugin {
  return {
    name: 'clean-output',
    apply: 'build',
    buildStart() {
      for (const name of readdirSync(outDir)) {
        if (name !== placeholder) rmSync(join(outDir, name), { recursive: true })
      }
    },
  }
}

/** The engine, the app, and the small parts that all screens are made of. */
const core = new RegExp([
  'node_modules/(svelte|esm-env|clsx|centrifuge|events|openapi-fetch)/',
  'src/(api|auth|live|routing|text|theme)/',
  'src/app\\.svelte\\.ts$',
  'src/parts/((Icon|Later|LaterSheet|Skeleton|Trouble|Sheet|Time|PersonMark|CircleMark)\\.svelte|loader\\.svelte\\.ts|mark\\.ts)',
].join('|'))

const server = process.env.LIFECIRCLE_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [svelte(), cleanOutput(), firstLoadBudget(), serviceWorker('src/pwa/sw.ts')],
  build: {
    outDir,
    emptyOutDir: false,
    assetsInlineLimit: 0, // the content policy allows no inline code
    target: 'es2022',
    reportCompressedSize: true,
    // What every screen needs comes in one file instead of twenty.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'core', test: core }] } } },
  },
  server: {
    ...(process.env.VITEST ? { fs: { allow: ['..'] } } : {}), // a test reads the server's problem codes
    proxy: {
      '/v1': server,
      '/media': server,
      '/sandbox': server, // the pages of the play bank
      '/connection': { target: server, ws: true },
    },
  },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts', 'build/**/*.test.ts'],
    setupFiles: ['src/i18n/fetched.ts'],
  },
})
