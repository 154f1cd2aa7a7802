import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AS_LAMBDA_USER, asImage, WITH_USERS } from '../support/image.ts'
import { inLambdaDev, whyNoLambdaDev } from '../support/lambda-dev.ts'

const SMOKE_TEST = join(import.meta.dirname, '..', '..', 'image', 'smoke-test.sh')
/** The environment of commands (src/planning/environment.ts), as far as tools read it. */
const ENVIRONMENT = { HOME: '/tmp', TMPDIR: '/tmp', PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' }

const reason = whyNoLambdaDev()
if (reason !== null) console.warn(`The smoke test of the image is not run here: ${reason}.`)

/** Runs the smoke test on a machine that a script prepares. Returns the exit code, and a line for each tool by its name. */
async function smokeTest(prepare: string, more: Record<string, string> = {}, ...toolchains: string[]) {
  const env = Object.entries({ ...ENVIRONMENT, ...more }).map(([name, value]) => `${name}=${value}`)
  const script = `cp ${SMOKE_TEST} /opt/smoke-test.sh; chmod 755 /opt\n${prepare}\n${AS_LAMBDA_USER}`
  const program = ['env', '-i', ...env, 'bash', '/opt/smoke-test.sh', ...toolchains]
  const { exitCode, stdout } = await inLambdaDev(script, program)
  const lines = stdout.split('\n').map(line => /^(ok|FAULT) +(\S.{21})/.exec(line))
  const tools = lines.map(match => [match?.[2]?.trim() ?? '', match?.[1] ?? 'no line of a tool'] as const)
  return { exitCode, tools: Object.fromEntries(tools), stdout }
}

/** What the machine that runs this test need not have, in the version of the image. */
const NOT_HERE = [
  'composer',
  'git-lfs',
  'jq',
  'zstd',
  'python3',
  'python',
  'pip',
  'venv',
  'Python.h',
  'aws',
  'certificates',
]

describe.skipIf(reason !== null)('the smoke test of the image', () => {
  test('finds what a build needs, as a build runs it', async () => {
    const { exitCode, tools, stdout } = await smokeTest(asImage('go,php') + WITH_USERS)
    const faults = Object.keys(tools).filter(name => tools[name] !== 'ok')
    expect(
      faults.filter(name => !NOT_HERE.includes(name)),
      stdout,
    ).toEqual([])
    expect(Object.keys(tools).length).toBeGreaterThan(40)
    expect(exitCode).toBe(faults.length > 0 ? 1 : 0)
  })

  test("sees what Lambda's image gets wrong: libraries, /dev, and a user without an entry", async () => {
    const { exitCode, tools } = await smokeTest('', { LD_LIBRARY_PATH: '/var/lang/lib' }, 'cobol')
    expect(exitCode).toBe(1)
    expect(tools).toMatchObject({
      ...{ 'library path': 'FAULT', 'process substitution': 'FAULT', user: 'FAULT', cobol: 'FAULT' },
      ...{ bash: 'ok', tar: 'ok', home: 'ok' },
    })
  })
})
