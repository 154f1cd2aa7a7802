import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noteLambciTools } from '../../../src/planning/lambci-notes.ts'
import { shellCommands } from '../../../src/planning/shell-commands.ts'

const notesOf = (command: string, { hasRole = false, variables = [] as string[] } = {}) =>
  noteLambciTools({ command, hasRole, variables })

test.each([
  ['aws s3 sync . s3://bucket', [['aws', 's3', 'sync', '.', 's3://bucket']]],
  ['a && b || c; d & e | f\ng', [['a'], ['b'], ['c'], ['d'], ['e'], ['f'], ['g']]],
  ['A=1 B="x y" sudo -E env C=1 make all', [['make', 'all']]],
  ['if ! a; then b; else c; fi', [['a'], ['b'], ['c'], ['fi']]],
  ['(cd x && make) 2>&1 >out', [['cd', 'x'], ['make'], ['2', '&1', 'out']]],
  ['echo "a; b" \'c && d\' e\\;f', [['echo', 'a; b', 'c && d', 'e;f']]],
  [
    'x="$(a b)" c `d e`',
    [
      ['a', 'b'],
      ['d', 'e'],
      ['c', ''],
    ],
  ],
  [
    "nave use 10 bash -c 'npm ci && npm test'",
    [
      ['nave', 'use', '10', 'bash', '-c', 'npm ci && npm test'],
      ['npm', 'ci'],
      ['npm', 'test'],
    ],
  ],
  ['a # b; c\nd', [['a'], ['d']]],
  ['cat <<EOF > f\naws s3\nEOF\nb', [['cat', 'f'], ['b']]],
  ['timeout 60 make', [['make']]],
])('the commands in %j', (script, expected) => {
  expect(shellCommands(script)).toEqual(expected)
})

test('any text has commands, in linear time', () => {
  const script = fc.string({ unit: fc.constantFrom(...'ab $()`"\'\\;&|<>#\n{}!='.split('')), maxLength: 60 })
  fc.assert(
    fc.property(script, text => void shellCommands(text)),
    { numRuns: 1000 },
  )
  expect(shellCommands('$('.repeat(10_000)).length).toBeGreaterThan(0)
  expect(shellCommands(`cat <<A\n${'<<A\n'.repeat(7_000)}`).length).toBeGreaterThan(0)
})

const AWS = 'aws gets no credentials here'
const NAVE = 'nave runs the versions of Node that are in the image'
const INIT = 'exists in an image with this toolchain: deploy with "--param Toolchains='

test.each([
  ['aws s3 sync build s3://bucket', AWS],
  ['npm ci && aws s3 ls', AWS],
  ['pip install --user awscli && ~/.local/bin/aws s3 ls', AWS],
  ['X=$(aws sts get-caller-identity)', AWS],
  ['echo "$(aws sts get-caller-identity)"', AWS],
  ['if aws s3 ls; then true; fi', AWS],
  ["bash -c 'aws s3 ls'", AWS],
  ['(AWS_REGION=eu-west-1 aws s3 ls)', AWS],
  ['find . | xargs -n 1 aws s3 cp', AWS],
  ['make\naws s3 ls', AWS],
  ['nave use 10 npm test', NAVE],
  ["npm ci && nave use 10 bash -c 'npm test'", NAVE],
  ['. ~/init/ruby 2.7.0 && bundle exec rake', INIT],
  ['source ~/init/go', INIT],
  ['. $HOME/init/java 1.8.0', INIT],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: for bash
  ['. "${HOME}/init/php" 7.3.13', INIT],
  ['bash ~/init/rust', INIT],
  ['. ~/init/erlang 19', '~/init/erlang does not exist. Install erlang in image/toolchain.sh'],
  ['. ~/init/python 3.8.0', 'It uses the version in the image and ignores "3.8.0"'],
  ['cd /tmp/lambci/build/ada/web', '/tmp/lambci does not exist'],
  ['curl -H "Authorization: token $GITHUB_TOKEN" x', 'GITHUB_TOKEN is not given to commands'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: for bash
  ['curl https://${GITHUB_TOKEN}@github.com', 'GITHUB_TOKEN is not given to commands'],
])('%s is noted', (command, expected) => {
  expect(notesOf(command)).toEqual([expect.stringContaining(expected)])
})

test.each([
  'jaws s3 ls',
  './aws-sdk',
  './aws s3 ls',
  'scripts/aws deploy',
  'npm install aws-sdk && npm test -- aws',
  'echo aws s3 ls',
  'echo "run aws s3 ls"',
  "grep 'aws ' file",
  '# aws s3 ls\nmake',
  'cd aws && make',
  'for x in aws nave; do echo $x; done',
  'aws --version',
  'aws s3 ls --no-sign-request s3://public',
  'AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET aws s3 ls',
  'cat <<END\naws s3 ls\nEND',
  'docker run aws s3',
  'navel use 10',
  'npx nave use 10 npm test',
  'npm install -g nave && nave use 10 npm test',
  './nave use 10',
  'ls ~/init.d',
  '. ~/init/gcc && npm test',
  'nave use 24.1 npm test',
  'nave use lts npm test',
  'cat ./init/ruby',
  'echo ~/init/ruby',
  'GITHUB_TOKEN=$(cat token) && echo $GITHUB_TOKEN',
  'echo $GITHUB_TOKENS \\$GITHUB_TOKEN',
  'ls /tmp/lambcix',
])('%s is not noted', command => {
  expect(notesOf(command)).toEqual([])
})

test('each note has the line to write', () => {
  expect(notesOf('. ~/init/ruby 2.7.0 && rake')[0]).toBe(
    '~/init/ruby exists in an image with this toolchain: deploy with "--param Toolchains=ruby" (docs/image.md). It uses the version in the image and ignores "2.7.0".',
  )
  expect(notesOf('. ~/init/go && go test')[0]).toBe(
    '~/init/go exists in an image with this toolchain: deploy with "--param Toolchains=go" (docs/image.md).',
  )
  expect(notesOf('. ~/init/erlang 19 && make')[0]).toContain(
    'and remove ". ~/init/erlang 19" from the command.',
  )
  expect(notesOf('nave use 10.1 npm run test')[0]).toContain('"--param Toolchains=node20,node22" adds others')
})

test('variables and roles make notes needless', () => {
  expect(notesOf('aws s3 ls', { hasRole: true })).toEqual([])
  expect(notesOf('aws s3 ls', { variables: ['AWS_ACCESS_KEY_ID'] })).toEqual([])
  expect(notesOf('echo $GITHUB_TOKEN', { variables: ['GITHUB_TOKEN'] })).toEqual([])
})
