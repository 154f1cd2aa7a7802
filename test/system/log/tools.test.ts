import { execFileSync } from 'node:child_process'
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { createSecretRedactor } from '../../../src/log/secret-redactor.ts'

/** What real programs print of many secrets is fed through the redactor. */
const CHARS = [
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  'abcDEF0123456789!"#$%()*+,-./:;<=>?@[]^_`{|}~\'\\',
  'abcDEF0123456789äöß€🎉 ',
  'abcDEF0123456789 \n\'"$`!',
]
/** As random as needed, and the same each time. */
const SECRETS = CHARS.flatMap((chars, kind) =>
  [16, 24, 45, 80].map((length, size) => {
    const all = [...chars]
    const text = Array.from(
      { length },
      (_, at) => all[(at * at * 7 + at * (31 + kind) + size * 13) % all.length],
    )
    return `k${text.join('').trim()}9`
  }),
)

/** As many characters in a row are visible at most, noise or not. */
const VISIBLE = 7
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences are noise
const NOISE = /\u001b\[[0-9;]*[mK]|[\s\\'"\u0000-\u001f]/g

/** All that a text could show of a secret. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map(offset =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(offset + 1, -4),
  )
  return [secret, bytes.toString('hex'), ...base64].map(form =>
    form.replace(NOISE, '').replace(/0x|[:,-]/g, ''),
  )
}

function expectMasked(output: string) {
  const redacted = createSecretRedactor(SECRETS).redactText(output)
  const shown = redacted.replace(NOISE, '').replace(/0x|[:,-]/g, '')
  for (const form of SECRETS.flatMap(formsOf))
    for (let at = 0; at + VISIBLE < form.length; at++) {
      const part = form.slice(at, at + VISIBLE + 1)
      if (shown.includes(part)) expect.fail(`${part} of ${form} is visible in:\n${redacted}`)
    }
  return redacted
}

const hasProgram = (name: string) => {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`]).length > 0
  } catch {
    return false
  }
}

/** Runs a script for each secret, as $SECRET, in one shell. */
function runShell(shell: string, script: string, { locale = 'C.UTF-8', secrets = SECRETS } = {}): string {
  const loop = `exec 2>&1; for SECRET; do export SECRET\n${script}\nset +x; done`
  return execFileSync(shell, ['-c', loop, shell, ...secrets], {
    env: { PATH: process.env.PATH, LC_ALL: locale },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
}

const BASH = `
export -p; declare -p SECRET; set; printf '%q\n' "$SECRET"; echo "\${SECRET@Q}" "\${SECRET@A}"
set -f; echo $SECRET; echo "> \${SECRET//$'\n'/$'\r\n> '}"
set -x; : "$SECRET" "token=$SECRET"; eval ": $(printf %q "$SECRET")"; [[ $SECRET == x ]]; case "$SECRET" in x) ;; esac`

it.each(['C.UTF-8', 'C'])('what bash quotes, in the locale %s', locale => {
  expect(expectMasked(runShell('bash', BASH, { locale }))).toContain('declare -x SECRET=')
})

it.skipIf(!hasProgram('dash'))('what dash quotes', () => {
  const script = 'export -p; set; set -x; : "$SECRET" "token=$SECRET"'
  expect(expectMasked(runShell('dash', script))).toContain("export SECRET='***")
})

/** Each of them is encoded by a process of its own. */
const FEW = SECRETS.filter((_, index) => index % 3 === 2)

it('what base64, od, cat and sed encode', () => {
  const script = `
    printf 'user:%s' "$SECRET" | base64
    printf 'a longer prefix than any line has, with so many characters %s' "$SECRET" | base64 -w 64
    printf '%s' "$SECRET" | od -An -tx1 -v
    printf '%s\\n' "$SECRET" | cat -A; printf '%s\\n' "$SECRET" | cat -v; printf '%s\\n' "$SECRET" | sed -n l`
  expect(expectMasked(runShell('bash', script, { secrets: FEW }))).toContain('***')
})

it.skipIf(!hasProgram('xxd'))('what xxd -p and xxd -i encode', () => {
  const script = `printf 'xy%s' "$SECRET" | xxd -p; printf 'xy%s' "$SECRET" | xxd -i`
  expect(expectMasked(runShell('bash', script, { secrets: FEW }))).toContain('0x***')
})

const PYTHON = `
import base64, html, json, quopri, shlex, sys, urllib.parse
for s in json.load(sys.stdin):
    b = s.encode()
    print(s, repr(s), ascii(s), repr(b), [s], {'key': b})
    print(json.dumps(s), json.dumps(json.dumps({'key': s})), json.dumps(s, ensure_ascii=False))
    print(html.escape(s), s.encode('ascii', 'xmlcharrefreplace').decode(), ''.join('&#x%X;' % ord(c) for c in s))
    print(urllib.parse.quote(s), urllib.parse.quote(s, safe=''), urllib.parse.urlencode({'key': s}), shlex.quote(s))
    print(base64.encodebytes(b'pre' + b).decode(), base64.encodebytes(b), base64.urlsafe_b64encode(b'x' + b))
    print(b.hex(), b.hex(' '), b.hex(' ', 2), ''.join('\\\\x%02x' % c for c in b), ''.join('%%%02X' % c for c in b))
    print(b.hex(':'), b.hex('-'), b.hex(':', 2), ', '.join(hex(c) for c in b if c > 15), b.hex().upper())
    print(quopri.encodestring(b'Subject: ' + b).decode(), urllib.parse.quote(urllib.parse.quote(s)), s.replace('$', '$$'))
    print(base64.b64encode(json.dumps({'key': s}).encode()).decode(), html.escape(html.escape(s)), ''.join(c + '\\b' + c for c in s))
    print('\\r'.join(s), ''.join('\\033[3%dm%s' % (i % 8, c) for i, c in enumerate(s)), '\\033[0m')
`

it.skipIf(!hasProgram('python3'))('what Python prints', () => {
  const output = execFileSync('python3', ['-c', PYTHON], {
    input: JSON.stringify(SECRETS),
    env: { PATH: process.env.PATH, PYTHONIOENCODING: 'utf8' },
    encoding: 'utf8',
  })
  expect(expectMasked(output)).toContain("b'***'")
})

it('what Node prints', () => {
  const lines = SECRETS.flatMap(secret => [
    ...[{}, { colors: true }].map(options =>
      inspect({ a: { b: [secret] }, error: new Error(secret) }, options),
    ),
    inspect(new Map([[secret, secret]])),
    JSON.stringify(JSON.stringify({ a: [secret] })),
    encodeURIComponent(JSON.stringify(secret)),
    `https://x.example/?${new URLSearchParams({ a: secret })}`,
    String(new URL(`https://user:${encodeURIComponent(secret)}@x.example`)),
    Buffer.from(`user:${secret}`).toString('base64url'),
    Buffer.from(JSON.stringify({ key: secret })).toString('base64url'),
    inspect({ body: Buffer.from(secret) }),
  ])
  expect(expectMasked(lines.join('\n'))).toContain('a: { b: [ ')
})
