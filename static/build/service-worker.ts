// Builds the service worker after the page, since it lists the page's files:
// a bundle of its own, which shares nothing with the page's.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin, type ResolvedConfig } from 'vite'
import type { Shell } from '../src/pwa/shell'

/** Beside the hashed files: what the page is shown with when there is no network. */
const named = ['index.html', 'favicon.svg', 'manifest.webmanifest', 'manifest.zh.webmanifest', 'icons/icon-192.png']

/** The files of a version, and its name, which changes with any of them. */
export function shellOf(dir: string): Shell {
  const files = [...named, ...readdirSync(join(dir, 'assets')).map((name) => `assets/${name}`)].sort()
  const hash = createHash('sha256')
  for (const name of files) hash.update(name).update('\0').update(readFileSync(join(dir, name)))
  return { version: hash.digest('hex').slice(0, 12), files: files.map((name) => `/${name}`) }
}

export function serviceWorker(entry: string): Plugin {
  let config: ResolvedConfig
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved(c) {
      config = c
    },
    async writeBundle() {
      await build({
        configFile: false,
        root: config.root,
        publicDir: false,
        logLevel: 'warn',
        define: { __SHELL__: JSON.stringify(shellOf(join(config.root, config.build.outDir))) },
        build: {
          outDir: config.build.outDir,
          emptyOutDir: false,
          target: 'es2022',
          rollupOptions: { input: join(config.root, entry), output: { entryFileNames: 'sw.js', format: 'iife' } },
        },
      })
    },
  }
}
