// The lines that scripts exchange with Go: commands come on stdin, one JSON
// object each with an "id"; {"re": id, "ok"} or {"re": id, "error": {code,
// message}} answers one, everything else tells what happened.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

/** Finds the packages of the web client. */
export const require = createRequire(new URL('../../../static/package.json', import.meta.url))

export const tell = (message) => process.stdout.write(JSON.stringify(message) + '\n')

const fault = (e) => tell({ fault: String(e?.stack ?? e) })
process.on('unhandledRejection', fault)
process.on('uncaughtException', fault)

/** Does every command, and ends the process when there are no more. */
export function obey(act, end = () => {}) {
  const input = createInterface({ input: process.stdin })
  input.on('line', async (line) => {
    const { id, ...command } = JSON.parse(line)
    try {
      tell({ re: id, ok: await act(command) })
    } catch (e) {
      tell({ re: id, error: { code: typeof e.code === 'number' ? e.code : -1, message: e.message ?? String(e) } })
    }
  })
  input.on('close', async () => {
    await end()
    process.exit(0)
  })
}
