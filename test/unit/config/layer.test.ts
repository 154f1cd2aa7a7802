import { expect, test } from 'vitest'
import { readLambciJson, readPackageJson } from '../../../src/config/layer.ts'
import { UserError } from '../../../src/model/user-error.ts'

const problemOf = (read: () => unknown): string => {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return (error as UserError).message
  }
  return 'no problem'
}
const STAGE = 'a stage name such as "dev" (lower-case letters, digits, dashes; 40 characters at most)'
const ARN = 'the ARN of a standard SNS topic, such as "arn:aws:sns:us-east-1:123456789012:builds"'

test.each([
  ['{"brnaches": {}}', '"brnaches" is not a known key (did you mean "branches"?).'],
  ['{"CMD": "make"}', '"CMD" is not a known key (did you mean "cmd"?).'],
  ['{"language": "node"}', '"language" is not a known key.'],
  ['{"constructor": 1}', '"constructor" is not a known key.'],
  ['{"git": {"dept": 1}}', 'git: "dept" is not a known key (did you mean "depth"?).'],
  [
    '{"pullRequests": {"fromForkPublicRep": false}}',
    'pullRequests: "fromForkPublicRep" is not a known key (did you mean "fromForkPublicRepo"?).',
  ],
  [
    '{"branches": {"/^x/": {"comd": "make"}}}',
    'branches["/^x/"]: "comd" is not a known key (did you mean "cmd"?).',
  ],
  ['{"branches": {"dev": {"branches": true}}}', 'branches.dev: "branches" cannot stand within a rule.'],
  ['{"cache": {}}', 'cache must be a list of paths, or of objects with "paths" and "key", not an object.'],
  ['{"paths": []}', 'paths must be an object with "include" and "exclude", or false, not a list.'],
  ['{"paths": {"only": []}}', 'paths: "only" is not a known key.'],
  [
    '{"paths": {"include": ["**/*.{ts,js}"]}}',
    'paths.include[0] must be made of names, *, ** and ? (alternatives are several patterns, exceptions go into "exclude"), not "**/*.{ts,js}".',
  ],
  [
    '{"paths": {"exclude": ["**", "!src"]}}',
    'paths.exclude[1] must be made of names, *, ** and ? (alternatives are several patterns, exceptions go into "exclude"), not "!src".',
  ],
  ['{"paths": {"include": ["./"]}}', 'paths.include[0] must name something below the repository, not "./".'],
  ['{"paths": {"include": []}}', 'paths.include: an empty list means that nothing is ever built.'],
  ['{"paths": {"include": "src"}}', 'paths.include must be a list of paths, not "src".'],
  ['{"cache": true}', 'cache must be a list of paths, or of objects with "paths" and "key", not true.'],
  ['{"cache": ["../x"]}', 'cache[0] must hold no "." or "..", and be anything but ".git", not "../x".'],
  [
    '{"cache": ["/etc"]}',
    'cache[0] must be a path below the repository, or below HOME with "~/", not "/etc".',
  ],
  ['{"cache": [".git"]}', 'cache[0] must hold no "." or "..", and be anything but ".git", not ".git".'],
  [
    '{"cache": [{"paths": ["a"], "key": ["~/b"]}]}',
    'cache[0].key[0] must be a file of the repository, not "~/b".',
  ],
  [
    '{"git": {"submodules": true}}',
    'git: "submodules" is planned but not available in this version; remove it for now.',
  ],
  ['{"secretEnv": {}}', '"secretEnv" is no longer read: set secret variables with "lambci secret set".'],
  [
    '{"branches": {"dev": {"docker": {}}}}',
    `branches.dev: "docker" is no longer supported: builds run in the build function's own image.`,
  ],
  ['{"topics": []}', `"topics" can be set in the account's settings only.`],
  ['{"allow": []}', `"allow" can be set in the account's settings only.`],
  ['{"stages": {"master": "Dev!"}}', `stages.master must be ${STAGE}, not "Dev!".`],
  ['{"stages": {"master": {"deploy": "x"}}}', `stages.master.stage must be ${STAGE}.`],
  [
    '{"stages": {"master": {"stage": "dev", "url": "javascript:x"}}}',
    'stages.master.url must be an address that begins with https:// or http://, not "javascript:x".',
  ],
  [
    '{"stages": {"master": {"stage": "dev", "role": "x"}}}',
    'stages.master: "role" can be set in the account\'s settings only.',
  ],
  ['{"stages": true}', 'stages must be an object of branch rules and stages, not true.'],
  [
    '{"branches": {"/(/": true}}',
    'branches: "/(/" is not a valid regular expression: missing closing ): "(".',
  ],
  [
    '{"stages": {"/^(?=a)/": "dev"}}',
    'stages: "/^(?=a)/" uses look-around, which is not supported; "!/regex/" stands for "does not match".',
  ],
  ['{"branches": ["master"]}', 'branches must be true, false or an object of branch rules, not a list.'],
  ['{"branches": {"master": "yes"}}', 'branches.master must be true, false or an object, not "yes".'],
  [
    '{"pullRequests": {"fromSelfPublicRepo": {"build": 1}}}',
    'pullRequests.fromSelfPublicRepo.build must be true or false, not 1.',
  ],
  ['{"cmd": ["make"]}', 'cmd must be a command, as text, not a list.'],
  ['{"cmd": " \\n"}', 'cmd must be a command, and not an empty one, not " \\n".'],
  ['{"deploy": "a\\u0000b"}', 'deploy must not contain a NUL character, not "a\\u0000b".'],
  ['{"env": {"A": []}}', 'env.A must be text, a number, true, false or null, not a list.'],
  ['{"env": {"A": "\\u0000"}}', 'env.A must not contain a NUL character, not "\\u0000".'],
  [
    '{"env": {"A-B": 1}}',
    'env: "A-B" is no valid key: variable names are made of letters, digits and underscores, and begin with no digit.',
  ],
  ['{"env": {"__proto__": "x"}}', '"__proto__" cannot be used as a key in env.'],
  ['{"__proto__": {"build": true}}', '"__proto__" cannot be used as a key.'],
  ['{"branches": {"__proto__": true}}', '"__proto__" cannot be used as a key in branches.'],
  [
    '{"timeout": 901}',
    'timeout must be 900 seconds at most, because Lambda ends a build after 15 minutes, not 901.',
  ],
  ['{"timeout": 0}', 'timeout must be 1 second at least, not 0.'],
  ['{"timeout": 1.5}', 'timeout must be a whole number of seconds, not 1.5.'],
  ['{"git": {"depth": 0}}', 'git.depth must be 1 commit at least, not 0.'],
  ['{"skip": "no"}', 'skip must be true or false, not "no".'],
  [
    '{"notifications": {"on": "never"}}',
    'notifications.on must be "always", "change" or "failure", not "never".',
  ],
  [
    '{"notifications": {"slack": true}}',
    'notifications.slack must be an object, or false for none, not true.',
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
    'allowConfigOverrides[1] must be one of cmd, env, build, branches, pullRequests, notifications, inheritSecrets, allowConfigOverrides, git, stages, deploy, timeout, skip, cancelSuperseded, paths, cache, not 1.',
  ],
  ['[]', 'the file must be an object, not a list.'],
  ['null', 'the file must be an object, not null.'],
])('%s', (text, expected) => {
  expect(problemOf(() => readLambciJson(text))).toBe(`.lambci.json: ${expected}`)
})

test('every mistake is listed, ten at most', () => {
  const many = (count: number) =>
    JSON.stringify({
      cmd: 1,
      ...Object.fromEntries(Array.from({ length: count - 1 }, (_, at) => [`wrong-${at}`, 1])),
    })
  const two = problemOf(() => readLambciJson(many(2)))
  expect(two.split('\n')).toEqual([
    '.lambci.json: cmd must be a command, as text, not 1.',
    '.lambci.json: "wrong-0" is not a known key.',
  ])
  expect(problemOf(() => readLambciJson(many(10))).split('\n')).toHaveLength(10)
  expect(
    problemOf(() => readLambciJson(many(12)))
      .split('\n')
      .at(-1),
  ).toBe('.lambci.json: and 2 more.')
})

test('control characters and long keys are shown, not sent', () => {
  const message = problemOf(() =>
    readLambciJson(JSON.stringify({ [`\u001b[2J\u009b${'x'.repeat(9000)}`]: 1 })),
  )
  expect(message).toMatch(/^\.lambci\.json: "\\u001b\[2J\\x9bx{75}…" is not a known key\.$/)
})

test.each(['clearTmp', 's3PublicSecretNames', 's3Bucket'])(
  '%s of LambCI is accepted, dropped and noted',
  key => {
    expect(readLambciJson(JSON.stringify({ cmd: 'make', [key]: 'x' }))).toEqual({
      name: '.lambci.json',
      values: { cmd: 'make' },
      notes: [`.lambci.json: "${key}" is no longer needed and can be removed.`],
    })
  },
)

test('values of variables become text, as in LambCI', () => {
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
  ['{"lambci": {"cmd": ""}}', 'package.json: lambci.cmd must be a command, and not an empty one, not "".'],
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
])('package.json that is wrong: %s', (text, expected) => {
  expect(problemOf(() => readPackageJson(text))).toBe(expected)
})
