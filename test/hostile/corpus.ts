import { endedRun } from '../support/records.ts'

/** Inputs that have broken programs like this one. corpus.test.ts tries each of them. */
type Case<T> = readonly [name: string, value: T]

const LONG = 'x'.repeat(100_000)
const DEEP = 50_000
const SHA = 'a'.repeat(40)

/** Bodies of a push with a valid signature. */
export const BODIES: Case<string>[] = [
  ['an empty body', ''],
  ['null', 'null'],
  ['a number', '1e999'],
  ['a list', '[]'],
  ['a text', '"push"'],
  ['truncated JSON', '{"ref": "refs/heads/master"'],
  ['deeply nested brackets', '['.repeat(DEEP)],
  ['deeply nested braces', '{"a":'.repeat(DEEP)],
  ['a byte order mark', '\ufeff{}'],
  ['a NUL character', '{"ref": "\\u0000"}'],
  ['a lone surrogate', '{"ref": "refs/heads/\\ud83d"}'],
  ['__proto__', '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'],
  ['__proto__ in the repository', '{"repository": {"__proto__": {"full_name": "ada/web"}}}'],
  ['a duplicate key', '{"ref": "refs/heads/a", "ref": {"then": 1}}'],
  ['a thenable', '{"then": "a", "repository": {"then": {}}}'],
  ['a very long ref', JSON.stringify({ ref: `refs/heads/${LONG}` })],
  ['a number beyond double precision', '{"repository": {"id": 123456789012345678901234567890}}'],
  ['XML', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'],
]

type Change = Readonly<Record<string, unknown>>
/** Fields that replace those of a valid push; `repository` replaces fields of its repository. */
export const PUSHES: Case<{ push?: Change; repository?: Change }>[] = [
  ['a ref with path traversal', { push: { ref: 'refs/heads/../../secrets/runner.json' } }],
  ['an empty branch name', { push: { ref: 'refs/heads/' } }],
  ['a ref that is a space', { push: { ref: 'refs/heads/ ' } }],
  ['a ref that is a git option', { push: { ref: 'refs/heads/--upload-pack=touch x' } }],
  ['a ref with a newline', { push: { ref: 'refs/heads/a\nSet-Cookie: a=b' } }],
  ['a ref with shell syntax', { push: { ref: 'refs/heads/$(id)`id`;id|id&&id' } }],
  ['a ref longer than a key', { push: { ref: `refs/heads/${'語'.repeat(300)}` } }],
  ['a commit that is a git option', { push: { after: '--exec=id' } }],
  ['an abbreviated commit', { push: { after: 'abc' } }],
  ['a commit in upper case', { push: { after: 'A'.repeat(40) } }],
  ['a repository with path traversal', { repository: { full_name: '../../etc' } }],
  ['a repository of dots', { repository: { full_name: '../..' } }],
  ['a repository without an owner', { repository: { full_name: 'web' } }],
  ['a repository of three segments', { repository: { full_name: 'ada/web/stages' } }],
  ['a percent-encoded repository', { repository: { full_name: 'ada%2f..%2f/web' } }],
  ['a repository with a Cyrillic letter', { repository: { full_name: 'аda/web' } }],
  ['a repository that is a list', { repository: { full_name: ['ada', 'web'] } }],
  ['a default branch that is an object', { repository: { default_branch: { toString: 1 } } }],
  ['privacy as a string', { repository: { private: 'false' } }],
  ['commits that are no array', { push: { commits: { length: 1e9 } } }],
  ['5,000 commits', { push: { commits: Array.from({ length: 5000 }, () => ({ id: SHA })) } }],
  ['a message of one megabyte', { push: { head_commit: { id: SHA, message: LONG.repeat(10) } } }],
  [
    'a message with bidirectional controls',
    { push: { head_commit: { id: SHA, message: '\u202e\u2066abc' } } },
  ],
]

/** Headers that replace those of a valid delivery. */
export const HEADERS: Case<Record<string, string>>[] = [
  ['an id with path traversal', { 'x-github-delivery': '../../secrets/runner' }],
  ['an id of 100,000 characters', { 'x-github-delivery': LONG }],
  ['an event called __proto__', { 'x-github-event': '__proto__' }],
  ['an event called constructor', { 'x-github-event': 'constructor' }],
  ['a SHA-1 signature', { 'x-hub-signature-256': `sha1=${SHA}` }],
  ['a signature in upper case', { 'x-hub-signature-256': `SHA256=${'A'.repeat(64)}` }],
  ['two signatures', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}, sha256=${'1'.repeat(64)}` }],
  ['a form content type', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['an invalid content type', { 'content-type': '\t;;;charset' }],
  ['a forged host', { host: 'evil.example.com', 'x-forwarded-host': 'evil.example.com' }],
]

/** Paths and queries of pages. */
export const ADDRESSES: string[] = [
  '/gh/ada/web/builds/1/log?from=-1',
  '/gh/ada/web/builds/1/log?from=1e9',
  '/gh/ada/web/builds/1/log?from=NaN&length=Infinity',
  '/gh/ada/web/builds/1/log?from=9007199254740993&length=9007199254740993',
  '/gh/ada/web/builds/1/log?from=0&from=1&length[]=1',
  '/gh/ada/web/builds/1/log?from=0x10',
  '/gh/ada/web/builds/01',
  '/gh/ada/web/builds/1.0',
  '/gh/ada/web/builds/+1',
  '/gh/ada/web/builds/99999999999999999999',
  '/gh/ada/web/builds/__proto__',
  '/gh/ada/web/builds/1%2f..%2f2',
  '/gh/ada/web/builds/1/jobs/0/log?from=-1',
  '/gh/ada/web/builds/1/jobs/00',
  '/gh/ada/web/builds/1/jobs/1e1/log',
  '/gh/ada/web/builds/1/jobs/-1/lines',
  '/gh/ada/web/builds/1/jobs/-1/outline',
  '/gh/ada/web/builds/1/jobs/99999999999999999999/summary',
  '/gh/ada/web/builds/1/jobs/__proto__',
  '/gh/ada/web/builds/1/jobs/..%2f..%2f2%2fbuild.json/log',
  '/gh/ada/web/builds/1/jobs/0%2f1%2fclaim.json/log.txt?download=1',
  '/gh/ada/web/builds/1/jobs/%3Cscript%3Ealert(1)%3C%2Fscript%3E',
  '/gh/ada/web/builds/1?key=%00',
  '/gh/ada/web/builds/1?key=%ff%fe',
  '/gh/ada/web/builds/1?key[]=a',
  '/gh/ada/web/badge.svg?branch=%3Cscript%3Ealert(1)%3C%2Fscript%3E',
  '/gh/ada/web/badge.svg?branch=..%2F..%2Fsecrets%2Frunner.json',
  `/gh/ada/web/badge.svg?branch=${'%F0%9F%9A%80'.repeat(500)}`,
  '/gh/ada/web?status=constructor&branch=__proto__',
  '/gh/ada/web?page=-1&branch=%',
  '/gh/%2e%2e/secrets',
  '/gh/ada/..%2f..%2fsecrets',
  '/gh/ada%00/web',
  '//gh/ada/web',
  '/gh/ada/web/builds/1/log.txt?download=%0d%0aSet-Cookie:a=b',
]

/** Contents of `.lambci.json`. */
export const CONFIGS: Case<string>[] = [
  ['an empty file', ''],
  ['a byte order mark', '\ufeff{"cmd": "true"}'],
  ['deeply nested brackets', '['.repeat(DEEP)],
  ['__proto__', '{"__proto__": {"cmd": "id"}, "cmd": "true"}'],
  ['__proto__ in env', '{"env": {"__proto__": {"A": "b"}, "constructor": "c"}}'],
  ['__proto__ in branches', '{"branches": {"__proto__": true, "constructor": {"cmd": "id"}}}'],
  ['NUL in a command', '{"cmd": "echo \\u0000"}'],
  ['a variable with a NUL', '{"env": {"A": "\\u0000"}}'],
  [
    'variables of the dynamic loader, Bash and Node',
    '{"env": {"LD_PRELOAD": "./x.so", "BASH_ENV": "./x", "NODE_OPTIONS": "--import ./x"}}',
  ],
  ['invalid variable names', '{"env": {"A B=C": "d", "": "e"}}'],
  ['a stage with path traversal', '{"stages": {"master": "../../secrets"}, "deploy": "true"}'],
  ['a stage called __proto__', '{"stages": {"master": "__proto__"}, "deploy": "true"}'],
  ['a huge timeout', '{"timeout": 1e308}'],
  ['a negative timeout', '{"timeout": -1}'],
  ['a huge depth', '{"git": {"depth": 9007199254740993}}'],
  ['a channel that mentions everyone', '{"notifications": {"slack": {"channel": "<!channel>"}}}'],
  ['a topic of another account', '{"notifications": {"sns": {"topicArn": "arn:aws:sns:us-east-1:1:evil"}}}'],
  [
    'ten thousand branches',
    JSON.stringify({
      branches: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`b${index}`, true])),
    }),
  ],
  [
    'a thousand regular expressions',
    JSON.stringify({
      branches: Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`/(a+)+${index}$/`, true])),
    }),
  ],
  [
    '__proto__ in a matrix',
    '{"jobs": {"a": {"cmd": "x", "include": [{"__proto__": "1", "constructor": "2"}]}}}',
  ],
  [
    'jobs called like properties',
    '{"jobs": {"constructor": "x", "b": {"cmd": "x", "needs": ["constructor"]}}}',
  ],
  [
    'a matrix of 10^24 cells',
    JSON.stringify({
      jobs: {
        a: {
          cmd: 'x',
          matrix: Object.fromEntries(
            [...'ABCDEFGHIJ'].map(name => [name, Array.from({ length: 256 }, (_, index) => index)]),
          ),
        },
      },
    }),
  ],
  [
    'matrices that are excluded almost whole',
    JSON.stringify({
      jobs: Object.fromEntries(
        Array.from({ length: 16 }, (_, job) => [
          `j${job}`,
          {
            cmd: 'x',
            matrix: { A: Array.from({ length: 256 }, (_, index) => index) },
            exclude: Array.from({ length: 255 }, (_, index) => ({ A: index })),
            include: Array.from({ length: 256 }, (_, index) => ({ A: 255, B: index })),
          },
        ]),
      ),
    }),
  ],
  [
    'ten thousand jobs',
    JSON.stringify({
      jobs: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`j${index}`, 'x'])),
    }),
  ],
  [
    'each job needs all others',
    JSON.stringify({
      jobs: Object.fromEntries(
        Array.from({ length: 150 }, (_, job) => [
          `j${job}`,
          {
            cmd: 'x',
            needs: Array.from({ length: 150 }, (_, index) => `j${index}`).filter(name => name !== `j${job}`),
          },
        ]),
      ),
    }),
  ],
]

/** Branch rules that would take a backtracking engine exponential time, or are expensive to compile. */
export const RULES: string[] = [
  '/(a+)+$/',
  '/^(a|a)*$/',
  '/(.*)*x/',
  '/^(([a-z])+.)+[A-Z]([a-z])+$/',
  '/(a?){500}a{500}$/',
  '/((a{1,30}){1,30})$/',
  '/(x+x+)+y/',
  '/^(?:a?){1000}$/',
  `/${'(a*)*'.repeat(90)}b/`,
  `/${'('.repeat(240)}a${')'.repeat(240)}/`,
  `/${'(?:a|'.repeat(95)}b${')'.repeat(95)}/`,
  '/[\\p{L}\\p{N}\\p{S}\\p{P}]{1,1000}$/',
  '/(?i)(straße|ﬃ|ǅ)+$/',
  '/\\pL+\\PL+\\pN+\\PN+$/',
]

/** Contents of a job's record, as a hostile build may write it. */
export const RUN_RECORDS: Case<string>[] = [
  ['an empty file', ''],
  ['deeply nested brackets', '['.repeat(DEEP)],
  ['__proto__', JSON.stringify(endedRun()).replace('{', '{"__proto__": {"conclusion": "passed"},')],
  ['an end before its start', JSON.stringify(endedRun({ endedAt: '0001-01-01T00:00:00.000Z' }))],
  ['an end in the year 9999', JSON.stringify(endedRun({ endedAt: '9999-12-31T23:59:59.999Z' }))],
  ['a reason that is HTML', JSON.stringify(endedRun({ reason: '<script>alert(1)</script>' }))],
  [
    'a reason with bidirectional and terminal controls',
    JSON.stringify(endedRun({ reason: '\u202e\u2066\u0007\u001b[2J' })),
  ],
  ['huge timings', JSON.stringify(endedRun({ timings: { fetch: 1e308, ['__proto__']: 1 } as never }))],
  [
    'a log of maximal size',
    JSON.stringify(endedRun({ log: { bytes: Number.MAX_SAFE_INTEGER, complete: true, segments: 1e9 } })),
  ],
  ['a record beyond the size limit', JSON.stringify({ ...endedRun(), padding: LONG })],
]

/** Lines that commands print. */
export const LINES: Case<string>[] = [
  ['a truncated escape sequence', '\u001b['],
  ['an unterminated escape sequence', `\u001b]0;${LONG}`],
  ['a cursor move of a million columns', '\u001b[1000000Cx'],
  ['20,000 parameters', `\u001b[${'1;'.repeat(20_000)}m`],
  ['backspaces', '\b'.repeat(10_000)],
  ['carriage returns', 'a\r'.repeat(10_000)],
  ['HTML', '<img src=x onerror=alert(1)>'],
  ['10,000 combining marks', `a${'\u0301'.repeat(10_000)}`],
  ['bidirectional controls', '\u202e\u2066\u2067abc'],
  ['a lone surrogate', '\ud83d'],
  ['NUL characters', '\u0000'.repeat(1000)],
  ['a hyperlink with a javascript: URL', '\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007'],
]
