import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'

const MODULE = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'user.ts')

/** The names for a user of this number, and without HOME. */
async function namesFor(uid: number) {
  const script = `
    import { homeDirectory, requesterName } from ${JSON.stringify(MODULE)}
    process.setuid(${uid})
    console.log(JSON.stringify([requesterName(), homeDirectory()]))
  `
  const { HOME: _, ...env } = process.env
  const args = ['--input-type=module-typescript', '-e', script]
  const { stdout } = await execa(process.execPath, args, { env, extendEnv: false })
  return JSON.parse(stdout) as unknown
}

test.runIf(process.getuid?.() === 0)('a user who is only a number has a name and a directory', async () => {
  expect(await namesFor(54_321)).toEqual(['user 54321', tmpdir()])
  expect(await namesFor(0)).toEqual(['root', '/root'])
})
