import { expect, test } from 'vitest'
import { stackWith } from '../../../src/cli/commands/found-stack.ts'
import { findBuild, parseBuild, parseRepository } from '../../../src/cli/commands/targets.ts'
import { processIo } from '../../../src/cli/io.ts'
import { buildKeys, counterKey } from '../../../src/records/keys.ts'
import type { Store } from '../../../src/records/store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { makeBuild } from '../../support/records.ts'

test.each([
  ['ada/case', 'ada/case'],
  ['Ada/Case', 'Ada/Case'],
  [' ada/case\n', 'ada/case'],
  ['ada/case/', 'ada/case'],
  ['ada/case.git', 'ada/case'],
  ['ada/case.GIT/', 'ada/case'],
  ['ada/.github', 'ada/.github'],
  ['gh/ada/case', 'ada/case'],
  ['gh/case', 'gh/case'],
  ['https://github.com/Ada/Case', 'Ada/Case'],
  ['https://github.com/ada/case.git/', 'ada/case'],
  ['https://github.com/gh/case', 'gh/case'],
  ['https://x-access-token:secret@github.com/ada/case', 'ada/case'],
  ['https://ci.example.com/gh/ada/case', 'ada/case'],
  ['git@github.com:ada/case.git', 'ada/case'],
  ['ssh://git@github.com/ada/case.git', 'ada/case'],
])('%j means %s', (text, repository) => {
  expect(parseRepository(text)).toBe(repository)
})

test.each([
  ...[
    '',
    ' ',
    'ada',
    'ada/',
    '/case',
    'ada/..',
    'ada/.git',
    '../case',
    'ada//case',
    'ada case',
    'ada/case/x',
  ],
  ...['ada\\case', 'ada/case#1', 'ada/cäse', 'gh/ada', 'https://github.com/ada', 'https://github.com'].slice(
    0,
    3,
  ),
  ...[
    'https://github.com/ada',
    'https://github.com',
    'ada/case/tree/main',
    'ada/case@7',
    `ada/${'x'.repeat(101)}`,
  ],
])('%j is refused with the right form', text => {
  expect(() => parseRepository(text)).toThrow(`"${text}" is not a repository. Write it as owner/repo.`)
})

const stackOf = (store: Store, url = 'https://ci.example.com') =>
  stackWith(store, {
    name: 'the stack ci in us-east-1',
    stackName: 'ci',
    isLocal: false,
    url,
    githubApiUrl: 'https://api.github.com',
    notificationsTopic: null,
  })

const PAGE = 'https://ci.example.com/gh/ada/web/builds/7'
test.each([
  ...['ada/web#7', 'ada/web', 'https://github.com/ada/web#7', PAGE, `${PAGE}/`, `${PAGE}?key=abc`],
  ...[`${PAGE}/jobs/3?key=abc#L12`, `${PAGE}#L12`, ` ${PAGE}\n`],
])('%j is build #7', async target => {
  const store = openMemoryStore()
  const build = makeBuild()
  await store.put(buildKeys(build).build, JSON.stringify(build), 'application/json')
  await store.put(counterKey(build.project), JSON.stringify({ number: 7, recent: [] }), 'application/json')
  expect(await findBuild(stackOf(store), target, processIo)).toEqual({ project: 'gh/ada/web', number: 7 })
})

test.each([
  [`${PAGE}0`, 'There is no build #70 of ada/web.'],
  [`${PAGE}x`, 'is not a build'],
  ['https://ci.example.com/gh/ada/../builds/7', 'is not a build'],
  ['https://ci.example.com/gh/ada/web/builds/0', 'is not a build'],
])('%j is no build on record', async (target, message) => {
  await expect(findBuild(stackOf(openMemoryStore()), target, processIo)).rejects.toThrow(message)
})

test.each<[string, string | null, number | null, string | null]>([
  ['12', null, 12, null],
  ['#12', null, 12, null],
  ['.', null, null, null],
  ['ada/web', 'ada/web', null, null],
  ['git@github.com:ada/web.git#3', 'ada/web', 3, null],
  [PAGE, 'ada/web', 7, 'ci.example.com'],
])('%j is the build %j, %j, on %j', (word, repository, number, host) => {
  expect(parseBuild(word)).toEqual({ repository, number, host })
})

// Jobs, among them those of a matrix.
test.each([
  ...['unit', 'unit (4/8)', 'test (node 22, linux)', '', '#', '#0', '012', '-1', 'a#1', '12345678901'],
])('%j is no build', word => {
  expect(parseBuild(word)).toBeNull()
})

test("the page of another stack is refused, a proxy's is not", async () => {
  const [own, other] = ['abc.lambda-url.us-east-1.on.aws', 'xyz.lambda-url.us-east-1.on.aws']
  const find = (host: string) =>
    findBuild(stackOf(openMemoryStore(), `https://${own}`), `https://${host}/gh/ada/web/builds/7`, processIo)
  await expect(find(other)).rejects.toThrow(
    `The page on ${other} is of another system than the stack ci in us-east-1. Name its stack with --stack.`,
  )
  await expect(find(own)).rejects.toThrow('There is no build #7 of ada/web.')
  await expect(find('ci.example.com')).rejects.toThrow('There is no build #7 of ada/web.')
})
