import { expect, test } from 'vitest'
import { parseRepository } from '../../../src/cli/commands/targets.ts'

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
