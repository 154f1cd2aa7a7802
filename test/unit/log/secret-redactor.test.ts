import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSecretRedactor } from '../../../src/log/secret-redactor.ts'
import { split } from '../../support/split.ts'

/** Redacts a text in chunks. */
function redact(text: string, secrets: string[], cuts: number[]): string {
  const redactor = createSecretRedactor(secrets)
  const parts = split(Buffer.from(text), cuts).map(chunk => redactor.write(chunk))
  return Buffer.concat([...parts, redactor.end()]).toString()
}

/**
 * Expects that of `form`, which is what a text shows of a secret, no part is visible, noise or not. Fewer than `least`
 * characters may stay, such as those of base64 that depend on adjacent bytes, too.
 */
function expectHidden(output: string, { form, least = 8 }: Shown) {
  const [shown, hidden] = [output, form].map(text => text.replace(NOISE, '')) as [string, string]
  for (let at = 0; at + least <= hidden.length; at++) {
    const part = hidden.slice(at, at + least)
    if (shown.includes(part)) expect.fail(`${JSON.stringify(part)} is visible in ${JSON.stringify(output)}`)
  }
  expect(output).toContain('***')
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences are noise
const NOISE = /\u001b\[[0-9;]*[mK]|[\s\\'"\u0000-\u001f]/g

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const SPECIAL = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'
const secretOf = (chars: string, minLength: number, maxLength: number) =>
  fc
    .string({ unit: fc.constantFrom(...chars), minLength, maxLength })
    .filter(text => text.trim().length >= minLength)
const token = secretOf(LETTERS, 12, 100)
const password = secretOf(`${LETTERS}${SPECIAL}`, 14, 40)
const phrase = secretOf(`${LETTERS} ${SPECIAL}äß€🎉`, 20, 60)
/** Where noise is within what looks like an escape, other things of a secret can look like escapes. */
const ESCAPE = /%[\da-f]{2}|\\[nrtux0-3]|&#?\w*;/i
const secret = fc
  .oneof(token, password, phrase)
  .map(text => text.trim())
  .filter(text => !ESCAPE.test(text))
/** Quotes and backslashes at the ends of a secret may stay. */
const core = (secret: string) => secret.replace(/^[\s"'\\]+|[\s"'\\]+$/g, '')
const cuts = fc.array(fc.nat(), { maxLength: 8 })
/** Has nothing in common with a secret. */
const around = fc.string({ unit: fc.constantFrom('.', '·', ' ', '\n', ','), maxLength: 12 })

type Shown = { text: string; form: string; least?: number }
type Write = (secret: string, random: number) => Shown
const plain =
  (write: (secret: string) => string): Write =>
  secret => ({ text: write(secret), form: write(core(secret)), least: 8 * (write('x').length || 1) })
/** For what keeps most characters as they are. */
const quoted =
  (write: (secret: string) => string): Write =>
  secret => ({ text: write(secret), form: secret })
const between = (secret: string, noise: (index: number) => string) => ({
  text: [...secret].map((char, index) => char + noise(index)).join(''),
  form: secret,
})

/** Encoded text with a prefix, in lines of a width. `form` is the part that depends on the secret alone. */
function wrapped(encoding: 'base64' | 'base64url' | 'hex', end: string): Write {
  return (secret, random) => {
    const [prefix, bytes] = [Buffer.alloc(random % 61, '>'), Buffer.from(secret)]
    const encoded = Buffer.concat([prefix, bytes, Buffer.from('<<<')]).toString(encoding)
    const perByte = encoding === 'hex' ? 2 : 8 / 6
    const width = [16, 60, 64, 76][random % 4] as number
    return {
      text: encoded.replace(new RegExp(`.{${width}}(?=.)`, 'g'), `$&${end}`),
      form: encoded.slice(
        Math.ceil(prefix.length * perByte) + 4,
        Math.floor((prefix.length + bytes.length) * perByte),
      ),
    }
  }
}

const code = (char: string) => char.codePointAt(0) as number
const NAMED: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
  ä: '&auml;',
  '€': '&#x20AC;',
}
const apostrophes = (text: string) => text.replaceAll("'", `'\\''`)
const octets = (secret: string, write: (hex: string) => string) =>
  Buffer.from(secret).toString('hex').replace(/../g, write)

const WRITES: Record<string, Write> = {
  'base64 in lines': wrapped('base64', '\n'),
  'base64 in lines that end with CRLF': wrapped('base64', '\r\n'),
  'base64 in indented lines': wrapped('base64', '\n        '),
  'base64 in lines, as a string of JSON': wrapped('base64', '\\n'),
  'base64 in lines, as a string in a string of JSON': wrapped('base64', '\\\\r\\\\n'),
  'base64url in lines': wrapped('base64url', '\n'),
  'hexadecimal in lines': wrapped('hex', '\n'),
  'hexadecimal digits with blanks': plain(secret =>
    octets(secret, hex => ` ${hex}`).replace(/.{48}/g, '$&\n'),
  ),
  'hexadecimal digits in fours': plain(secret => octets(secret, hex => hex).replace(/.{4}/g, '$& ')),
  'hexadecimal digits in upper case': plain(secret => octets(secret, hex => hex.toUpperCase())),
  'escapes of all bytes': plain(secret => octets(secret, hex => `\\x${hex}`)),
  'per cent and all bytes': plain(secret => octets(secret, hex => `%${hex}`)),
  'decimal entities': plain(secret => [...secret].map(char => `&#${code(char)};`).join('')),
  'hexadecimal entities': plain(secret => [...secret].map(char => `&#x${code(char).toString(16)};`).join('')),
  'named entities': plain(secret => secret.replace(/[&<>"'ä€]/g, char => NAMED[char] as string)),
  'JSON in JSON in JSON': quoted(secret => JSON.stringify(JSON.stringify(JSON.stringify([secret])))),
  'JSON in a URL': plain(secret => encodeURIComponent(JSON.stringify(secret).slice(1, -1))),
  'a shell in a shell': quoted(secret => `'bash -c '\\''echo ${apostrophes(apostrophes(secret))}'\\'''`),
  'a colour for each character': secret => between(secret, index => `\u001b[38;5;${index}m`),
  'two codes around each character': secret => between(secret, () => '\u001b[0m\u001b[1;31m'),
  'a carriage return after each character': secret => between(secret, () => '\r'),
  'a carriage return now and then': (secret, random) =>
    between(secret, index => (index % ((random % 7) + 2) ? '' : '\r')),
  'one colour within': (secret, random) => {
    const chars = [...secret]
    chars.splice(random % chars.length, 0, '\u001b[01;31m\u001b[K')
    return { text: `${chars.join('')}\u001b[m\u001b[K`, form: secret }
  },
}

describe('every form of every secret, cut anywhere', () => {
  it.each(Object.entries(WRITES))('%s', (_, write) => {
    fc.assert(
      fc.property(secret, fc.nat(), around, around, cuts, (value, random, before, after, positions) => {
        const shown = write(value, random)
        expectHidden(redact(`${before}${shown.text}${after}`, [value], positions), shown)
      }),
      { numRuns: 150 },
    )
  })
})

const mask = (text: string, ...secrets: string[]) => redact(text, secrets, [])
const TOKEN = 'q7Rk2ZtW9pLx4VbN8mYc'
const KEY = `-----BEGIN KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'.repeat(3)}ab12\n-----END KEY-----\n`

describe('createSecretRedactor', () => {
  it('leaves the text around a secret, with its colours', () => {
    expect(mask(`\u001b[1mq7Rk2\u001b[31mZtW9p\u001b[0mLx4VbN8mYc\u001b[2m after`, TOKEN)).toBe(
      '\u001b[1m***\u001b[31m\u001b[0m\u001b[2m after',
    )
    expect(mask(`key="${TOKEN}" \u001b[32m${TOKEN}\u001b[39m, "x"\n`, TOKEN)).toBe(
      'key="***" \u001b[32m***\u001b[39m, "x"\n',
    )
  })

  it('keeps colours within a mask in whatever parts they come', () => {
    const text = `${[...TOKEN].join('\u001b[38;5;7m')}.`
    const whole = mask(text, TOKEN)
    fc.assert(
      fc.property(cuts, positions => {
        expect(redact(text, [TOKEN], positions)).toBe(whole)
      }),
    )
  })

  it('masks each line of encoded text, and keeps their line breaks', () => {
    const lines = Buffer.from(KEY.trim()).toString('base64').replace(/.{64}/g, '$&\r\n  ')
    expect(mask(`data: |\n  ${lines}\n`, KEY)).toBe('data: |\n  ***\r\n  ***\r\n  ***\n')
  })

  it('masks short lines of a secret on one line', () => {
    const codes = '1234-5\nabcd\n6789-0\nefgh\nxyz'
    expect(mask('codes: 1234-5 abcd 6789-0 efgh xyz.', codes)).toBe('codes: ***.')
    expect(mask('some: abcd 6789-0 efgh', codes)).toBe('some: ***')
    expect(mask('abcd', codes)).toBe('abcd')
    expect(mask(KEY.replaceAll('\n', ' '), KEY)).toBe('*** ')
    expect(mask('{ } ] }', '{\n"key": "a long secret"\n}\n]\n}\n')).toBe('{ } ] }')
  })

  it.each([
    ['change me, change-me and Changeme', 'changeme'],
    ['\u001b[31mchange\u001b[0m \u001b[1mme\u001b[0m', 'changeme'],
    ['pass\nword', 'password'],
    ['correct horse battery', 'correcthorsebattery'],
    ['-----BEGIN CERTIFICATE-----', KEY],
    ['100 % & 5 &amp; \\n %20 \\x41 \u001b[0m\r\n', 'hunter22'],
    ['q7Rk2ZtW9pLx4VbN8mY.\r', TOKEN],
    ['q7Rk2ZtW9p &c Lx4VbN8mYc', TOKEN],
  ])('leaves %j unchanged', (text, secret) => {
    expect(mask(text, secret)).toBe(text)
  })

  it('writes a complete line at once, although it ends with the beginning of a secret', () => {
    const redactor = createSecretRedactor([TOKEN])
    expect(Buffer.from(redactor.write(Buffer.from('Ready q7R\n'))).toString()).toBe('Ready q7R\n')
    expect(Buffer.from(redactor.write(Buffer.from('k2ZtW9pLx4VbN8mYc\n'))).toString()).toBe(
      'k2ZtW9pLx4VbN8mYc\n',
    )
  })

  it('holds back no noise that is longer than any in a secret', () => {
    const redactor = createSecretRedactor([TOKEN])
    const text = Buffer.from(`${TOKEN.slice(0, 19)}${'\r'.repeat(100_000)}`)
    expect(redactor.write(text)).toHaveLength(text.length)
  })

  it.each([
    ['a', `${'a'.repeat(4000)}b`],
    ['a\n', 'a'.repeat(4000)],
    ['a\r', `${'a'.repeat(4000)}b`],
    ['\u001b[0ma', 'a'.repeat(4000)],
    ['&#97;', `${'a'.repeat(4000)}b`],
    ['%', TOKEN],
    ['\u001b', TOKEN],
    ['\\', TOKEN],
    [TOKEN.slice(0, 19), TOKEN],
  ])('reads each byte of %j once, again and again', (text, secret) => {
    const redactor = createSecretRedactor([secret])
    const chunk = Buffer.from(text.repeat(20_000))
    const parts = [redactor.write(chunk), redactor.write(chunk), redactor.end()]
    expect(Buffer.concat(parts).includes(secret)).toBe(false)
  })
})
