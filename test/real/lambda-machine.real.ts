import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoLambdaDev } from '../support/lambda-dev.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'

const REPOSITORY = 'ada/machine'
const build = (number: number) => ({ project: `gh/${REPOSITORY}`, number })

const reason = whyNoLambdaDev()
if (reason !== null) console.warn(`No build runs on a machine as Lambda's here: ${reason}.`)

describe.skipIf(reason !== null)("on a machine as Lambda's", () => {
  let ci: TestSystem
  beforeAll(async () => {
    ci = await openTestSystem({
      concurrency: 1,
      mixesTenants: true,
      bootstrap: join(import.meta.dirname, 'lambda-machine-bootstrap.ts'),
    })
  })
  afterAll(() => ci.close())

  test('builds of an unknown user with a read-only root: what LambCI called, files, tests and caches', async () => {
    const cmd = [
      'set -eu',
      'echo "user $(id -u) in $(pwd), HOME $HOME, library path $(printenv LD_LIBRARY_PATH || echo none)"',
      'for path in /opt /usr /etc /var /; do touch $path/file 2>&1 | grep -q "Read-only" && echo "$path is read-only"; done',
      'ls /dev | tr "\\n" " "; echo',
      '. ~/init/php 7.3.3; php --version',
      '. ~/init/go; go version; echo "GOPATH $GOPATH"',
      'nave use 22.3 npm ci; nave use lts node -p "process.version" | grep -o "^v24"',
      'while read -r line; do echo "$line"; done < <(echo substituted)',
      // As Go's module cache, and as a daemon that nobody has stopped.
      'mkdir -p "$GOPATH/pkg/module"; touch "$GOPATH/pkg/module/file"; chmod -R a-w "$GOPATH/pkg"; setsid sleep 1000 > /dev/null 2>&1 &',
      'mkdir -p kept; echo kept by 1 > kept/file; git status --short; git log -1 --format=%s',
    ].join('\n')
    const at = await ci.write(lambciJson('bash ./test.sh', { cache: ['kept'] }))
    await ci.push(at, REPOSITORY, 'master', { 'test.sh': cmd, '.gitignore': 'kept\n' })
    const view = await ci.ended(build(1))
    const log = await ci.log(build(1))
    expect({ status: view.status, log }).toMatchObject({ status: 'passed' })
    for (const line of [
      'user 993 in /tmp/workspace, HOME /tmp/home, library path none',
      '/opt is read-only',
      '/usr is read-only',
      '/etc is read-only',
      '/ is read-only',
      'full null random stderr stdin stdout urandom zero ',
      '~/init/php 7.3.3: the image has PHP 8.4.1 (cli)',
      'PHP 8.4.1 (cli)',
      'GOPATH /tmp/home/go',
      '10.9.3',
      'v24',
      'substituted',
      'A change',
    ])
      expect(log).toContain(`${line}\n`)
    // The next one begins in an empty /tmp, with the cache of the first, and alone.
    const next =
      'echo "HOME has $(ls -A ~ | tr "\\n" " ")"; cat kept/file; ps -eo args | grep "^sleep 1000" || echo alone'
    await ci.push(at, REPOSITORY, 'master', { 'test.sh': next })
    expect(await ci.ended(build(2))).toMatchObject({ status: 'passed', runner: { start: 'warm' } })
    expect(await ci.log(build(2))).toContain('HOME has init \nkept by 1\nalone\n')
  })
})
