import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import type { Plugin } from 'vite'

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

const server = process.env.LIFECIRCLE_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [svelte(), cleanOutput()],
  build: {
    outDir,
    emptyOutDir: false,
    assetsInlineLimit: 0, // the content policy allows no inline code
    target: 'es2022',
    reportCompressedSize: true,
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
    include: ['src/**/*.test.ts'],
  },
})
