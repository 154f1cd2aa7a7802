import { endedRun } from '../support/records.ts'

/** What has broken programs like this one, kept: each list is tried whole by corpus.test.ts. */
type Case<T> = readonly [name: string, value: T]

const LONG = 'x'.repeat(100_000)
const DEEP = 50_000
const SHA = 'a'.repeat(40)

/** Bodies of a push, signed as they should be. */
export const BODIES: Case<string>[] = [
  ['nothing', ''],
  ['null', 'null'],
  ['a number', '1e999'],
  ['a list', '[]'],
  ['a text', '"push"'],
  ['half of it', '{"ref": "refs/heads/master"'],
  ['brackets', '['.repeat(DEEP)],
  ['braces', '{"a":'.repeat(DEEP)],
  ['a byte order mark', '\ufeff{}'],
  ['NUL', '{"ref": "\\u0000"}'],
  ['half a character', '{"ref": "refs/heads/\\ud83d"}'],
  ['a prototype', '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'],
  ['a prototype in the repository', '{"repository": {"__proto__": {"full_name": "ada/web"}}}'],
  ['a key twice', '{"ref": "refs/heads/a", "ref": {"then": 1}}'],
  ['something to wait for', '{"then": "a", "repository": {"then": {}}}'],
  ['a long word', JSON.stringify({ ref: `refs/heads/${LONG}` })],
  ['a great number', '{"repository": {"id": 123456789012345678901234567890}}'],
  ['XML', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'],
]

type Change = Readonly<Record<string, unknown>>
/** What stands in a push instead of what GitHub says; `repository` goes into the repository. */
export const PUSHES: Case<{ push?: Change; repository?: Change }>[] = [
  ['a ref that climbs', { push: { ref: 'refs/heads/../../secrets/runner.json' } }],
  ['a ref that is none', { push: { ref: 'refs/heads/' } }],
  ['a ref of spaces', { push: { ref: 'refs/heads/ ' } }],
  ['a ref that is an option', { push: { ref: 'refs/heads/--upload-pack=touch x' } }],
  ['a ref with a newline', { push: { ref: 'refs/heads/a\nSet-Cookie: a=b' } }],
  ['a ref of a shell', { push: { ref: 'refs/heads/$(id)`id`;id|id&&id' } }],
  ['a ref longer than a key', { push: { ref: `refs/heads/${'語'.repeat(300)}` } }],
  ['a commit that is an option', { push: { after: '--exec=id' } }],
  ['a commit that is short', { push: { after: 'abc' } }],
  ['a commit in capitals', { push: { after: 'A'.repeat(40) } }],
  ['a repository that climbs', { repository: { full_name: '../../etc' } }],
  ['a repository of dots', { repository: { full_name: '../..' } }],
  ['a repository of one word', { repository: { full_name: 'web' } }],
  ['a repository of three', { repository: { full_name: 'ada/web/stages' } }],
  ['a repository in escapes', { repository: { full_name: 'ada%2f..%2f/web' } }],
  ['a repository of Unicode', { repository: { full_name: 'аda/web' } }],
  ['a repository that is a list', { repository: { full_name: ['ada', 'web'] } }],
  ['a default branch that is an object', { repository: { default_branch: { toString: 1 } } }],
  ['privacy as text', { repository: { private: 'false' } }],
  ['commits that are no list', { push: { commits: { length: 1e9 } } }],
  ['a great many commits', { push: { commits: Array.from({ length: 5000 }, () => ({ id: SHA })) } }],
  ['a message of a megabyte', { push: { head_commit: { id: SHA, message: LONG.repeat(10) } } }],
  ['a message that turns around', { push: { head_commit: { id: SHA, message: '\u202e\u2066abc' } } }],
]

/** Headers that a client may send, beside those of a good delivery. */
export const HEADERS: Case<Record<string, string>>[] = [
  ['an id that climbs', { 'x-github-delivery': '../../secrets/runner' }],
  ['an id of a megabyte', { 'x-github-delivery': LONG }],
  ['an event that is a property', { 'x-github-event': '__proto__' }],
  ['an event that is a method', { 'x-github-event': 'constructor' }],
  ['a signature of SHA-1', { 'x-hub-signature-256': `sha1=${SHA}` }],
  ['a signature in capitals', { 'x-hub-signature-256': `SHA256=${'A'.repeat(64)}` }],
  ['two signatures', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}, sha256=${'1'.repeat(64)}` }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a type that is none', { 'content-type': '\t;;;charset' }],
  ['a host of its own', { host: 'evil.example.com', 'x-forwarded-host': 'evil.example.com' }],
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

/** Files called `.lambci.json`. */
export const CONFIGS: Case<string>[] = [
  ['nothing', ''],
  ['a byte order mark', '\ufeff{"cmd": "true"}'],
  ['brackets', '['.repeat(DEEP)],
  ['a prototype', '{"__proto__": {"cmd": "id"}, "cmd": "true"}'],
  ['a prototype in the environment', '{"env": {"__proto__": {"A": "b"}, "constructor": "c"}}'],
  ['a prototype among the branches', '{"branches": {"__proto__": true, "constructor": {"cmd": "id"}}}'],
  ['NUL in a command', '{"cmd": "echo \\u0000"}'],
  ['a variable with a NUL', '{"env": {"A": "\\u0000"}}'],
  [
    'a variable of the loader',
    '{"env": {"LD_PRELOAD": "./x.so", "BASH_ENV": "./x", "NODE_OPTIONS": "--import ./x"}}',
  ],
  ['a variable that is no name', '{"env": {"A B=C": "d", "": "e"}}'],
  ['a stage that climbs', '{"stages": {"master": "../../secrets"}, "deploy": "true"}'],
  ['a stage that is a property', '{"stages": {"master": "__proto__"}, "deploy": "true"}'],
  ['a timeout of ever', '{"timeout": 1e308}'],
  ['a timeout before now', '{"timeout": -1}'],
  ['a depth of ever', '{"git": {"depth": 9007199254740993}}'],
  ['a channel of a page', '{"notifications": {"slack": {"channel": "<!channel>"}}}'],
  ['a topic of others', '{"notifications": {"sns": {"topicArn": "arn:aws:sns:us-east-1:1:evil"}}}'],
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
]

/** Branch rules on which a backtracking engine would be busy for longer than the universe is old, and the like. */
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

/** `run.json` as an enemy writes it. */
export const COURSES: Case<string>[] = [
  ['nothing', ''],
  ['brackets', '['.repeat(DEEP)],
  ['a prototype', JSON.stringify(endedRun()).replace('{', '{"__proto__": {"conclusion": "passed"},')],
  ['an end before its start', JSON.stringify(endedRun({ endedAt: '0001-01-01T00:00:00.000Z' }))],
  ['an end in ten thousand years', JSON.stringify(endedRun({ endedAt: '9999-12-31T23:59:59.999Z' }))],
  ['a page for a reason', JSON.stringify(endedRun({ reason: '<script>alert(1)</script>' }))],
  ['a reason that turns around', JSON.stringify(endedRun({ reason: '\u202e\u2066\u0007\u001b[2J' }))],
  ['times for ever', JSON.stringify(endedRun({ timings: { fetch: 1e308, ['__proto__']: 1 } as never }))],
  [
    'a log without end',
    JSON.stringify(endedRun({ log: { bytes: Number.MAX_SAFE_INTEGER, complete: true, segments: 1e9 } })),
  ],
  ['too much of it', JSON.stringify({ ...endedRun(), padding: LONG })],
]

/** What commands print. */
export const LINES: Case<string>[] = [
  ['half a sequence', '\u001b['],
  ['a sequence without end', `\u001b]0;${LONG}`],
  ['a million columns', '\u001b[1000000Cx'],
  ['parameters for ever', `\u001b[${'1;'.repeat(20_000)}m`],
  ['backspaces', '\b'.repeat(10_000)],
  ['returns', 'a\r'.repeat(10_000)],
  ['a page', '<img src=x onerror=alert(1)>'],
  ['marks on marks', `a${'\u0301'.repeat(10_000)}`],
  ['turned around', '\u202e\u2066\u2067abc'],
  ['half a character', '\ud83d'],
  ['NUL', '\u0000'.repeat(1000)],
  ['a link', '\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007'],
]
