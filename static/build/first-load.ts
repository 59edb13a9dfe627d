// What a first visit has to fetch of script, and the build that fails when it
// is too much.
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** Bytes of gzip: what a first visit may fetch of script. */
export const maxFirstLoad = 120_000

/** A piece of script, as the bundler tells of it. */
export interface Piece {
  fileName: string
  code: string
  imports: readonly string[]
  isEntry: boolean
  /** The module that it was made for, if it was made for one. */
  facadeModuleId?: string | null
}

export interface FirstLoad {
  bytes: number
  files: string[]
}

/** The entry with all that it imports, the heaviest screen, and the heaviest language. */
export function firstLoad(pieces: readonly Piece[]): FirstLoad {
  const byName = new Map(pieces.map((p) => [p.fileName, p]))
  const sizes = new Map(pieces.map((p) => [p.fileName, gzipSync(p.code).length]))
  const weight = (files: Iterable<string>): number => [...files].reduce((sum, f) => sum + (sizes.get(f) ?? 0), 0)

  const with_ = (roots: readonly Piece[], seen = new Set<string>()): Set<string> => {
    for (const root of roots) {
      if (seen.has(root.fileName)) continue
      seen.add(root.fileName)
      with_(root.imports.flatMap((name) => byName.get(name) ?? []), seen)
    }
    return seen
  }
  const heaviest = (where: RegExp, beside: Set<string>): Set<string> => {
    let most = beside
    for (const p of pieces) {
      if (!where.test(p.facadeModuleId ?? '')) continue
      const more = with_([p], new Set(beside))
      if (weight(more) > weight(most)) most = more
    }
    return most
  }
  const entry = with_(pieces.filter((p) => p.isEntry))
  const files = heaviest(/src\/i18n\/(en|zh)\.ts$/, heaviest(/src\/pages\/[^/]+\.svelte$/, entry))
  return { bytes: weight(files), files: [...files].sort() }
}

/** Says what a first visit fetches, and fails the build when it is more than may be. */
export function firstLoadBudget(max = maxFirstLoad): Plugin {
  return {
    name: 'first-load-budget',
    apply: 'build',
    generateBundle(_, bundle) {
      const pieces = Object.values(bundle).filter((f) => f.type === 'chunk')
      const found = firstLoad(pieces)
      const said = `first load: ${(found.bytes / 1000).toFixed(1)} kB of script (gzip) in ${found.files.length} files, of ${max / 1000} kB`
      if (found.bytes > max) this.error(`${said}; too much:\n${found.files.join('\n')}`)
      this.info(said)
    },
  }
}
