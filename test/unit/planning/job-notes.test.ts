import fc from 'fast-check'
import { expect, test } from 'vitest'
import { notePipe } from '../../../src/planning/pipe-notes.ts'
import { plan } from '../../support/planning.ts'

function notesOf(job: object | string, setup?: string): readonly string[] {
  const { plan: found } = plan({}, { jobs: { a: job }, ...(setup && { setup }) })
  return found.build ? found.notes : []
}
const matrix = (variable: string, cmd: string | string[]) => ({ cmd, matrix: { [variable]: ['1', '2'] } })

test.each([
  ['NODE', 'npm test'],
  ['NODE', 'npm ci && npm test -- --nodes'],
  ['DB', 'npx vitest run'],
  ['DB', 'echo $DBNAME'],
  ['node', 'node -e 1'],
  ['OS', ['npm ci', 'npm run ci']],
])('the variable %s is noted for %j', (variable, cmd) => {
  expect(notesOf(matrix(variable, cmd))).toEqual([
    `No command of job a uses $${variable} of its matrix: its cells differ only for a program that reads ${variable} itself.`,
  ])
})

test.each([
  ['NODE', 'nave use $NODE npm test'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: for bash
  ['NODE', 'npm test -- "--node=${NODE}"'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: for bash
  ['NODE', ['npm ci', 'PATH=/opt/node${NODE:-24}/bin:$PATH npm test']],
  ['DB', 'printenv DB'],
  ['DB', 'node -e "console.log(process.env.DB)"'],
  ['DB', './test.sh'],
  ['DB', 'scripts/test'],
  ['DB', 'bash test.sh'],
  ['DB', '. ./env && npm test'],
  ['DB', 'python3 -u test.py'],
  ['DB', 'make test'],
  ['DB', 'tox'],
  ['DB', 'sudo make test'],
  ['NODE_VERSION', 'npm test'],
  ['PYTHON_VERSION', 'npm test'],
  ['TOXENV', 'npm test'],
  ['GOOS', 'go build'],
  ['GOARCH', 'go build'],
  ['CARGO_BUILD_TARGET', 'cargo test'],
  ['RUSTFLAGS', 'cargo test'],
  ['CI_NODE', 'npm test'],
  ['TZ', 'npm test'],
])('the variable %s is not noted for %j', (variable, cmd) => {
  expect(notesOf(matrix(variable, cmd))).toEqual([])
})

test('setup uses variables, and those of "include" are variables too', () => {
  expect(notesOf(matrix('NODE', 'npm test'), 'nvm install $NODE')).toEqual([])
  expect(notesOf({ cmd: 'npm test', include: [{ DB: 'x' }] })).toHaveLength(1)
  expect(notesOf('npm test')).toEqual([])
})

test.each([
  'npm test | tee log',
  'set -e; npm test 2>&1 | tee log',
  'make |& cat',
  'cd x && (npm test | cat)',
  'npm test\\\n | tee log',
  'cat x | npm test | tee log',
])('a pipe is noted: %j', command => {
  expect(notePipe('cmd', command)).toMatch(/^Of a pipe in "cmd" only the last command counts, as in LambCI\./)
})

test.each([
  'npm test',
  'npm test || exit 1',
  'set -o pipefail; npm test | tee log',
  'bash -eo pipefail -c "npm test | tee log"',
  'echo y | ./install',
  'cat x | wc -l',
  "grep 'a|b' x",
  'grep "a|b" x',
  'grep a\\|b x',
  'npm test # | tee',
  'echo x >| log',
  'case $1 in a|b) npm test;; esac',
  '[[ $A =~ a|b ]] && npm test',
  'cat <<EOF\nmake | cat\nEOF\nnpm test',
])('no pipe is noted: %j', command => {
  expect(notePipe('cmd', command)).toBe(null)
})

test('pipes are found in any text, in linear time', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc
      .array(fc.constantFrom('"', "'", '|', '\\', '\n', '<<A', '(', ')', '#', ' ', 'a', '&', '>'))
      .map(all => all.join('')),
  )
  fc.assert(
    fc.property(text, each => void notePipe('cmd', each)),
    { numRuns: 300 },
  )
  for (const part of ['"', "'", '|', '\\', '# ', 'case ', '[[', '(a | b', '<<A '])
    notePipe('cmd', part.repeat(32_000 / part.length))
})
