import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { firstLoad, firstLoadBudget, type Piece } from './first-load'

/** Script that does not compress. */
const noise = (n: number): string => Array.from({ length: n }, (_, i) => Math.sin(i + n).toString(36)).join('')
const piece = (fileName: string, size: number, imports: string[] = [], facadeModuleId: string | null = null, isEntry = false): Piece =>
  ({ fileName, code: noise(size), imports, isEntry, facadeModuleId })

const app = [
  piece('main.js', 10, ['shared.js'], '/x/index.html', true),
  piece('shared.js', 20, ['main.js']), // a circle ends
  piece('home.js', 30, ['shared.js', 'feed.js'], '/x/src/pages/Home.svelte'),
  piece('wallet.js', 50, ['shared.js'], '/x/src/pages/Wallet.svelte'),
  piece('feed.js', 40),
  piece('en.js', 10, [], '/x/src/i18n/en.ts'),
  piece('zh.js', 15, [], '/x/src/i18n/zh.ts'),
  piece('sheet.js', 500, [], '/x/src/parts/Sheet.svelte'), // fetched when it is opened
]

describe('the first load', () => {
  it('is the entry, the heaviest screen with what it imports, and one language', () => {
    const found = firstLoad(app)
    expect(found.files).toEqual(['feed.js', 'home.js', 'main.js', 'shared.js', 'zh.js'])
    const size = (name: string): number => gzipSync(app.find((p) => p.fileName === name)?.code ?? '').length
    expect(found.bytes).toBe(found.files.reduce((sum, f) => sum + size(f), 0))
  })

  it.each([[0, -1, true], [0, 0, false]])('fails the build only above its budget (%i%i)', (_, less, fails) => {
    const said: string[] = []
    const context = { error: (m: string) => { throw new Error(m) }, info: (m: string) => { said.push(m) } }
    const bundle = Object.fromEntries(app.map((p) => [p.fileName, { type: 'chunk', ...p }]))
    const run = (): unknown => (firstLoadBudget(firstLoad(app).bytes + less).generateBundle as unknown as (o: unknown, b: unknown) => void).call(context, {}, bundle)
    if (fails) expect(run).toThrow(/too much/)
    else expect(run).not.toThrow()
  })
})
