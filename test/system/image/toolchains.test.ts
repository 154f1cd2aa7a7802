import { describe, expect, test } from 'vitest'
import { asImage } from '../../support/image.ts'
import { inLambdaDev, whyNoLambdaDev } from '../../support/lambda-dev.ts'

const reason = whyNoLambdaDev()
if (reason !== null) console.warn(`The scripts of the image are not run here: ${reason}.`)

describe.skipIf(reason !== null)('install-toolchains.sh', () => {
  test('what LambCI called is there: nave, and what is sourced', async () => {
    const script = `
set -eu
. /opt/lambci/init/php 7.3.3 && php --version
. /opt/lambci/init/ruby && bundle exec rake
nave use 22.3 npm ci
nave use lts node -p "'the first Node ' + process.version.split('.')[0]"
nave use 10 npm test || echo "exit code $?"`
    const env = { HOME: '/root', PATH: '/usr/local/bin:/usr/bin:/bin' }
    const { exitCode, stdout, stderr } = await inLambdaDev(`${asImage('php,ruby,node22')}\n`, [
      'env',
      '-i',
      ...Object.entries(env).map(pair => pair.join('=')),
      'bash',
      '-c',
      script,
    ])
    expect({ exitCode, stdout: stdout.split('\n'), stderr: stderr.split('\n') }).toEqual({
      exitCode: 0,
      stdout: ['PHP 8.4.1 (cli)', 'ruby 3.4.1-bundle', '10.9.3', 'the first Node v24', 'exit code 1'],
      stderr: [
        '~/init/php 7.3.3: the image has PHP 8.4.1 (cli)',
        '~/init/ruby: the image has ruby 3.4.1',
        expect.stringMatching(
          /^nave: Node 10 is not in the image, which has v24\..* Deploy with --param Toolchains=node22/,
        ),
      ],
    })
  })

  test.each([
    ['cobol', 'there is no toolchain cobol: use go, java'],
    ['java', 'microdnf cannot install java-21-amazon-corretto-devel maven'],
  ])('the image is not built with %s, which there is not', async (name, message) => {
    const { exitCode, stderr } = await inLambdaDev(asImage(`go,${name}`), ['true'])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`install-toolchains.sh: ${message}`)])
  })
})
