import { expect, test } from 'vitest'
import { readLambciJson, readPackageJson } from '../../../src/config/layer.ts'
import { UserError } from '../../../src/model/user-error.ts'

const messageOf = (read: () => unknown): string => {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return (error as UserError).message
  }
  return 'no error'
}
const STAGE =
  'a stage name such as "dev" (lower-case letters, digits and dashes, starting with a letter, at most 40 characters)'
const ARN = 'the ARN of a standard SNS topic, such as "arn:aws:sns:us-east-1:123456789012:builds"'

test.each([
  ['{"brnaches": {}}', '"brnaches" is not a known key (did you mean "branches"?).'],
  ['{"CMD": "make"}', '"CMD" is not a known key (did you mean "cmd"?).'],
  ['{"colour": "node"}', '"colour" is not a known key.'],
  ['{"constructor": 1}', '"constructor" is not a known key.'],
  ['{"git": {"dept": 1}}', 'git: "dept" is not a known key.'],
  [
    '{"pullRequests": {"fromForkPublicRep": false}}',
    'pullRequests: "fromForkPublicRep" is not a known key (did you mean "fromForkPublicRepo"?).',
  ],
  ['{"pullRequests": {"merge": "yes"}}', 'pullRequests.merge must be true or false, not "yes".'],
  [
    '{"pullRequests": {"fromSelfPublicRepo": {"merge": true}}}',
    'pullRequests.fromSelfPublicRepo: "merge" is not a known key.',
  ],
  [
    '{"branches": {"/^x/": {"comd": "make"}}}',
    'branches["/^x/"]: "comd" is not a known key (did you mean "cmd"?).',
  ],
  ...['command', 'commands', 'script'].map(key => [
    `{"${key}": "make"}`,
    `"${key}" is not a known key. Write "cmd": "make".`,
  ]),
  ...['comand', 'Comands', 'scrpt'].map(key => [
    `{"${key}": "make"}`,
    `"${key}" is not a known key (did you mean "cmd"?).`,
  ]),
  ['{"enviroment": {}}', '"enviroment" is not a known key (did you mean "env"?).'],
  [
    '{"branches": {"dev": {"script": ""}}}',
    'branches.dev: "script" is not a known key. Write "cmd": "npm ci && npm test".',
  ],
  ['{"git": {"script": ""}}', 'git: "script" is not a known key.'],
  [
    '{"branches": {"dev": {"branches": true}}}',
    'branches.dev: "branches" cannot be used within a rule, only at the top level.',
  ],
  ['{"cache": {}}', 'cache must be a list of paths, or of objects with "paths" and "key", not an object.'],
  ['{"paths": []}', 'paths must be an object with "include" and "exclude", or false, not a list.'],
  ['{"paths": {"only": []}}', 'paths: "only" is not a known key.'],
  [
    '{"paths": {"include": ["**/*.{ts,js}"]}}',
    'paths.include[0] must consist of names, *, ** and ? (list alternatives as separate patterns, put exceptions into "exclude"), not "**/*.{ts,js}".',
  ],
  [
    '{"paths": {"exclude": ["**", "!src"]}}',
    'paths.exclude[1] must consist of names, *, ** and ? (list alternatives as separate patterns, put exceptions into "exclude"), not "!src".',
  ],
  ['{"paths": {"include": ["./"]}}', 'paths.include[0] must be a path below the repository, not "./".'],
  [
    '{"paths": {"include": []}}',
    'paths.include: an empty list means that nothing is ever built; leave it out to include all files.',
  ],
  ['{"paths": {"include": "src"}}', 'paths.include must be a list of paths, not "src".'],
  ['{"cache": true}', 'cache must be a list of paths, or of objects with "paths" and "key", not true.'],
  ['{"cache": ["../x"]}', 'cache[0] must not contain "." or ".." and must not be in ".git" (found "../x").'],
  [
    '{"cache": ["/etc"]}',
    'cache[0] must be a path below the repository, or below HOME with "~/", not "/etc".',
  ],
  ['{"cache": [".git"]}', 'cache[0] must not contain "." or ".." and must not be in ".git" (found ".git").'],
  [
    '{"cache": [{"paths": ["a"], "key": ["~/b"]}]}',
    'cache[0].key[0] must be a file of the repository, not "~/b".',
  ],
  [
    '{"git": {"submodules": true}}',
    'git: "submodules" is planned but not available in this version; remove it for now.',
  ],
  ['{"secretEnv": {}}', '"secretEnv" is not supported: set secret variables with "lambci secret set".'],
  [
    '{"branches": {"dev": {"docker": {}}}}',
    `branches.dev: "docker" is not supported: all builds run in the stack's own image. Remove it, and add tools in image/toolchain.sh (docs/image.md).`,
  ],
  ['{"topics": []}', `"topics" can only be set in the account's settings.`],
  ['{"allow": []}', `"allow" can only be set in the account's settings.`],
  ['{"stages": {"master": "Dev!"}}', `stages.master must be ${STAGE}, not "Dev!".`],
  ['{"stages": {"master": {"deploy": "x"}}}', `stages.master.stage must be ${STAGE}.`],
  [
    '{"stages": {"master": {"stage": "dev", "url": "javascript:x"}}}',
    'stages.master.url must be a URL that starts with https:// or http://, not "javascript:x".',
  ],
  [
    '{"stages": {"master": {"stage": "dev", "role": "x"}}}',
    'stages.master: "role" can only be set in the account\'s settings.',
  ],
  ['{"stages": true}', 'stages must be an object of branch rules and stages, not true.'],
  [
    '{"branches": {"/(/": true}}',
    'branches: "/(/" is not a valid regular expression: missing closing ): "(".',
  ],
  [
    '{"stages": {"/^(?=a)/": "dev"}}',
    'stages: "/^(?=a)/" uses look-around, which is not supported (RE2 syntax); use "!/regex/" for branches that do not match.',
  ],
  [
    '{"branches": ["master"]}',
    'branches must be true, false or an object of branch rules, not a list. Write "branches": { "master": true }.',
  ],
  ['{"branches": {"master": "yes"}}', 'branches.master must be true, false or an object, not "yes".'],
  [
    '{"pullRequests": {"fromSelfPublicRepo": {"build": 1}}}',
    'pullRequests.fromSelfPublicRepo.build must be true or false, not 1.',
  ],
  ['{"cmd": ["make"]}', 'cmd must be a command (a string), not a list. Write "cmd": "make".'],
  ['{"cmd": " \\n"}', 'cmd must not be empty (found " \\n").'],
  ['{"deploy": "a\\u0000b"}', 'deploy must not contain a NUL character (found "a\\u0000b").'],
  ['{"env": {"A": []}}', 'env.A must be a string, a number, true, false or null, not a list.'],
  ['{"env": {"A": "\\u0000"}}', 'env.A must not contain a NUL character (found "\\u0000").'],
  [
    '{"env": {"A-B": 1}}',
    'env: "A-B" is not a valid variable name (letters, digits and underscores, not starting with a digit).',
  ],
  ['{"env": {"__proto__": "x"}}', '"__proto__" cannot be used as a key in env.'],
  ['{"__proto__": {"build": true}}', '"__proto__" cannot be used as a key.'],
  ['{"branches": {"__proto__": true}}', '"__proto__" cannot be used as a key in branches.'],
  [
    '{"timeout": 901}',
    'timeout must be at most 900 seconds (Lambda ends a build after 15 minutes), not 901.',
  ],
  ['{"timeout": 0}', 'timeout must be at least 1 second, not 0.'],
  ['{"timeout": 1.5}', 'timeout must be a whole number of seconds, not 1.5.'],
  [
    '{"git": {"depth": 50}}',
    'git: "depth" can only be set in the account\'s settings, because files are read after the clone: run "lambci config set OWNER/REPO git.depth 50".',
  ],
  ['{"skip": false}', '"skip" is only read from the top level of the account\'s settings.'],
  ['{"inheritSecrets": "no"}', 'inheritSecrets must be true or false, not "no".'],
  [
    '{"notifications": {"on": "never"}}',
    'notifications.on must be "always", "change" or "failure", not "never".',
  ],
  [
    '{"notifications": {"slack": true}}',
    'notifications.slack must be an object, or false to switch it off, not true.',
  ],
  [
    '{"notifications": {"sns": {"topicArn": "builds"}}}',
    `notifications.sns.topicArn must be ${ARN}, not "builds".`,
  ],
  [
    '{"allowConfigOverrides": "all"}',
    'allowConfigOverrides must be true, false or a list of keys, not "all".',
  ],
  [
    '{"allowConfigOverrides": ["cmd", 1]}',
    'allowConfigOverrides[1] must be one of cmd, env, build, branches, pullRequests, notifications, inheritSecrets, allowConfigOverrides, git, stages, deploy, timeout, cancelSuperseded, paths, cache, jobs, setup, artifacts, tests, failFast, maxParallel, retry, not 1.',
  ],
  ['[]', 'the file must be an object, not a list.'],
  ['null', 'the file must be an object, not null.'],
])('%s', (text, expected) => {
  expect(messageOf(() => readLambciJson(text))).toBe(`.lambci.json: ${expected}`)
})

test('all errors are listed, up to ten', () => {
  const many = (count: number) =>
    JSON.stringify({
      cmd: 1,
      ...Object.fromEntries(Array.from({ length: count - 1 }, (_, at) => [`wrong-${at}`, 1])),
    })
  const two = messageOf(() => readLambciJson(many(2)))
  expect(two.split('\n')).toEqual([
    '.lambci.json: cmd must be a command (a string), not 1.',
    '.lambci.json: "wrong-0" is not a known key.',
  ])
  expect(messageOf(() => readLambciJson(many(10))).split('\n')).toHaveLength(10)
  expect(
    messageOf(() => readLambciJson(many(12)))
      .split('\n')
      .at(-1),
  ).toBe('.lambci.json: and 2 more errors.')
})

test('control characters are escaped and long keys are cut', () => {
  const message = messageOf(() =>
    readLambciJson(JSON.stringify({ [`\u001b[2J\u009b${'x'.repeat(9000)}`]: 1 })),
  )
  expect(message).toMatch(/^\.lambci\.json: "\\u001b\[2J\\x9bx{75}…" is not a known key\.$/)
})

test.each(['clearTmp', 's3PublicSecretNames', 's3Bucket'])(
  'the LambCI key %s is accepted, dropped and noted',
  key => {
    expect(readLambciJson(JSON.stringify({ cmd: 'make', [key]: 'x' }))).toEqual({
      name: '.lambci.json',
      values: { cmd: 'make' },
      notes: [`.lambci.json: "${key}" is no longer needed. You can remove it.`],
    })
  },
)

test('values of variables become strings, as in LambCI', () => {
  const values = readLambciJson(
    '{"$schema": "x", "env": {"S": "s", "N": 1.5, "T": true, "F": false, "Z": 0, "NULL": null}}',
  )?.values
  expect(values).toEqual({ env: { S: 's', N: '1.5', T: 'true', F: 'false', Z: '0', NULL: '' } })
})

test('a branch may be called constructor', () => {
  expect(readLambciJson('{"branches": {"constructor": true}}')?.values).toEqual({
    branches: { constructor: true },
  })
})

test.each([
  [null, null],
  ['{"name": "x", "scripts": {"__proto__": "x"}}', null],
  ['{"lambci": {"cmd": "make"}}', { name: 'package.json', values: { cmd: 'make' }, notes: [] }],
])('package.json: %j', (text, expected) => {
  expect(readPackageJson(text)).toEqual(expected)
})

test.each([
  ['{"lambci": {"cmd": ""}}', 'package.json: lambci.cmd must not be empty (found "").'],
  ['{"lambci": {"comd": ""}}', 'package.json: lambci: "comd" is not a known key (did you mean "cmd"?).'],
  [
    '{"lambci": {"env": {"__proto__": 1}}}',
    'package.json: "__proto__" cannot be used as a key in lambci.env.',
  ],
  ['{"lambci": true}', 'package.json: lambci must be an object, not true.'],
  [
    '{"lambci":',
    'package.json is not valid JSON: line 1, column 11: expected a value, found the end of the file.',
  ],
  ['[]', 'package.json: the file must be an object.'],
])('invalid package.json: %s', (text, expected) => {
  expect(messageOf(() => readPackageJson(text))).toBe(expected)
})
