// Writes src/api/schema.d.ts from the API description: $OPENAPI, or the
// openapi.yaml at the root of the repository.
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { resolve } from 'node:path'
import openapiTS, { astToString } from 'openapi-typescript'

const here = fileURLToPath(new URL('.', import.meta.url))
const source = resolve(process.env.OPENAPI ?? resolve(here, '../../openapi.yaml'))
const target = resolve(here, '../src/api/schema.d.ts')

if (!existsSync(source)) {
  console.error(`gen: no API description at ${source}; set OPENAPI to another file`)
  process.exit(1)
}
const ast = await openapiTS(pathToFileURL(source), { alphabetize: true })
writeFileSync(target, `// Generated from the API description; do not edit.\n${astToString(ast)}`)
