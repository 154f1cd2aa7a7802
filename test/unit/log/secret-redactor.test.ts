import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Redactor } from '../../../src/log/redactor.ts'
import { createSecretRedactor } from '../../../src/log/secret-redactor.ts'
import { runs } from '../../support/runs.ts'
import { split } from '../../support/split.ts'

/** Redacts a text in chunks. */
const redact = (text: string, secrets: string[], cuts: number[]) =>
  redactWith(createSecretRedactor(secrets), text, cuts)

function redactWith(redactor: Redactor, text: string, cuts: number[]): string {
  const parts = split(Buffer.from(text), cuts).map(chunk => redactor.write(chunk))
  return Buffer.concat([...parts, redactor.end()]).toString()
}

/**
 * Expects that of `form`, which is what a text shows of a secret, no part is visible, noise or not. Fewer than `least`
 * characters may stay, such as those of base64 that depend on adjacent bytes, too.
 */
function expectHidden(output: string, { name, form, least = 8 }: Shown & { name: string }) {
  const [shown, hidden] = [output, form].map(text => text.replace(NOISE, '')) as [string, string]
  for (let at = 0; at + least <= hidden.length; at++) {
    const part = hidden.slice(at, at + least)
    if (shown.includes(part))
      expect.fail(`${name}: ${JSON.stringify(part)} is visible in ${JSON.stringify(output)}`)
  }
  expect(output, name).toContain('***')
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
/** Of quotes at the ends, which may stay, several would look like those within. */
const ENDS = /^["'\\ ]{2}|["'\\ ]{2}$/
const secret = fc
  .oneof(token, password, phrase)
  .map(text => text.trim())
  .filter(text => !ESCAPE.test(text) && !ENDS.test(text))
/** Of six characters at least, not counting quotes and backslashes. */
const shortSecret = secretOf(`${LETTERS}${SPECIAL}äß€🎉`, 6, 11).filter(
  text => !ESCAPE.test(text) && text.replace(/["'\\\s]/g, '').length >= 6,
)
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

const isAscii = (char: string) => char < '\u007f'
/** With what is between two bytes, and before the first. */
const hexWith = (between: string, first = '') =>
  plain(secret => octets(secret, hex => `${between}${hex}`).replace(between, first))
/** Each character that `isPlain` does not accept is written as an escape. */
const escaping = (write: (char: string) => string, isPlain: (char: string) => boolean = () => false) =>
  plain(secret => [...secret].map(char => (isPlain(char) ? char : write(char))).join(''))
const codeInHex = (char: string) => code(char).toString(16)
const utf16 = (text: string, write: (hex: string) => string) =>
  text
    .split('')
    .map(unit => write(unit.charCodeAt(0).toString(16).padStart(4, '0')))
    .join('')

/** Base64 of a document that contains the secret. `form` is the part that depends on the secret alone. */
const inBase64 =
  (write: (secret: string) => string): Write =>
  (secret, random) => {
    const [prefix, form] = [Buffer.from(`{"x${'y'.repeat(random % 3)}": "`), Buffer.from(write(core(secret)))]
    const encoded = Buffer.concat([prefix, Buffer.from(write(secret)), Buffer.from('", "z": 1}')])
    const skipped = prefix.length + Buffer.from(write(secret)).indexOf(form)
    return {
      text: encoded.toString(random % 2 ? 'base64' : 'base64url'),
      form: encoded
        .toString(random % 2 ? 'base64' : 'base64url')
        .slice(Math.ceil((skipped * 4) / 3), Math.floor(((skipped + form.length) * 4) / 3)),
      least: 12,
    }
  }

const html = (text: string) => text.replace(/[&<>"']/g, char => ({ ...NAMED, "'": '&#39;' })[char] as string)
/** As the `quopri` module and mail programs write it. */
const quotedPrintable = (text: string) =>
  [...Buffer.from(text)]
    .map(byte =>
      byte > 0x7e || byte === 0x3d
        ? `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('')
/** With a line break in the first 76 characters, and then after as many again. */
const softly =
  (end: string): Write =>
  (secret, random) => {
    const first = new RegExp(`^(?:=..|[^=]){${random % 76}}`)
    return {
      text: quotedPrintable(secret)
        .replace(first, `$&${end}`)
        .replace(/(?:=..|[^=\r\n]){74}(?=.)/g, `$&${end}`),
      form: quotedPrintable(core(secret)),
      least: 12,
    }
  }
const caret = (text: string) =>
  [...Buffer.from(text)]
    .map(byte => (byte < 0x80 ? String.fromCharCode(byte) : `M-${caretOf(byte - 0x80)}`))
    .join('')
const caretOf = (byte: number) =>
  byte < 0x20 || byte === 0x7f ? `^${String.fromCharCode(byte ^ 0x40)}` : String.fromCharCode(byte)

const WRITES: Record<string, Write> = {
  'hexadecimal digits with colons': hexWith(':'),
  'hexadecimal digits with colons, in lines': plain(secret =>
    octets(secret, hex => `${hex}:`).replace(/.{45}/g, '$&\n    '),
  ),
  'hexadecimal digits with hyphens': hexWith('-'),
  'hexadecimal digits with full stops': hexWith('.'),
  'hexadecimal digits with commas': hexWith(','),
  'hexadecimal digits in groups with hyphens': plain(secret =>
    octets(secret, hex => hex).replace(/.{8}/g, '$&-'),
  ),
  'hexadecimal numbers, as xxd -i writes them': plain(secret =>
    octets(secret, hex => ` 0x${hex},`).replace(/.{72}/g, '$&\n '),
  ),
  'hexadecimal numbers with commas': hexWith(',0x', '0x'),
  'hexadecimal numbers with blanks': hexWith(' 0X', '0X'),
  'hexadecimal digits in mixed case': (secret, random) => ({
    text: octets(secret, hex => hex).replace(/[a-f]/g, (char, at) =>
      (at * 7 + random) % 3 ? char : char.toUpperCase(),
    ),
    form: octets(core(secret), hex => hex).replace(/[a-f]/g, (char, at) =>
      (at * 7 + random) % 3 ? char : char.toUpperCase(),
    ),
    least: 16,
  }),
  'hexadecimal digits in mixed case, with colons': (secret, random) => ({
    text: octets(secret, hex => `:${hex}`).replace(/[a-f]/g, (char, at) =>
      (at * 7 + random) % 3 ? char : char.toUpperCase(),
    ),
    form: octets(core(secret), hex => `:${hex}`),
    least: 24,
  }),
  'escapes of all bytes, in a string of JSON': plain(secret => octets(secret, hex => `\\\\x${hex}`)),
  'a Buffer, as Node inspects it': (secret, random) => {
    const prefix = '>'.repeat(random % 44)
    return {
      text: inspect(Buffer.from(`${prefix}${secret}`)),
      form: octets(secret, hex => ` ${hex}`).slice(0, 3 * (50 - prefix.length)),
      least: 24,
    }
  },
  'code points in braces, all': escaping(char => `\\u{${codeInHex(char)}}`),
  'code points in braces, of non-ASCII characters': escaping(char => `\\u{${codeInHex(char)}}`, isAscii),
  'code points in braces, with leading zeros': escaping(char => `\\u{${codeInHex(char).padStart(6, '0')}}`),
  'code points in braces, as Perl writes them': escaping(char => `\\x{${codeInHex(char)}}`, isAscii),
  'per cent and UTF-16, as escape() writes it': plain(secret => utf16(secret, hex => `%u${hex}`)),
  'dollars twice': plain(secret => secret.replaceAll('$', '$$$$')),
  'dollars twice, in JSON': quoted(secret => JSON.stringify(secret.replaceAll('$', '$$$$'))),
  'per cent signs twice': plain(secret => secret.replaceAll('%', '%%')),
  'braces twice': plain(secret => secret.replace(/[{}]/g, '$&$&')),
  'cmd.exe: carets': plain(secret => secret.replace(/[&|<>^]/g, '^$&')),
  'accents in characters of their own': plain(secret => secret.normalize('NFD')),
  'hexadecimal digits with underscores': hexWith('_'),
  'PowerShell: backticks': plain(secret => secret.replace(/[`$"]/g, '`$&')),
  'per cent twice': plain(secret => encodeURIComponent(encodeURIComponent(secret))),
  'per cent in HTML': plain(secret => html(encodeURIComponent(secret))),
  'HTML in a URL': plain(secret => encodeURIComponent(html(secret))),
  'HTML in HTML': plain(secret => html(html(secret))),
  'HTML in JSON': plain(secret => JSON.stringify(html(secret)).slice(1, -1)),
  'JSON in HTML in a URL': plain(secret => encodeURIComponent(html(JSON.stringify(secret).slice(1, -1)))),
  'quoted-printable': plain(quotedPrintable),
  'quoted-printable, all bytes': hexWith('='),
  'quoted-printable, with soft line breaks': softly('=\n'),
  'quoted-printable, with soft line breaks that end with CRLF': softly('=\r\n'),
  'a backslash at the end of each line': plain(secret => secret.replace(/.{9}/gu, '$&\\\n')),
  'cat -v': plain(caret),
  'cat -A': plain(secret => `${caret(secret)}$`),
  'overstruck characters': plain(secret => secret.replace(/\S/gu, '$&\b$&')),
  'underlined characters': plain(secret => secret.replace(/\S/gu, '_\b$&')),
  'JSON in base64': inBase64(secret => JSON.stringify(secret).slice(1, -1)),
  'JSON in ASCII, in base64': inBase64(secret =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replace(/[\u0080-\uffff]/g, char => utf16(char, hex => `\\u${hex}`)),
  ),
  'JSON of Go in base64': inBase64(secret =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replace(/[<>&]/g, char => utf16(char, hex => `\\u${hex}`)),
  ),
  'JSON in JSON, in base64': inBase64(secret =>
    JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
  ),
  'a URL in base64': inBase64(encodeURIComponent),
  'a form in base64': inBase64(secret => new URLSearchParams([['', secret]]).toString().slice(1)),
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

it('masks every form of every secret, cut anywhere', () => {
  fc.assert(
    fc.property(secret, fc.nat(), around, around, cuts, (value, random, before, after, positions) => {
      const redactor = createSecretRedactor([value])
      for (const [name, write] of Object.entries(WRITES)) {
        const shown = write(value, random)
        const output = redactWith(redactor, `${before}${shown.text}${after}`, positions)
        expectHidden(output, { ...shown, name })
      }
    }),
    runs(150),
  )
})

it('masks every form of short secrets', () => {
  fc.assert(
    fc.property(shortSecret, fc.nat(), cuts, (value, random, positions) => {
      const redactor = createSecretRedactor([value])
      for (const [name, write] of Object.entries(WRITES))
        expect(redactWith(redactor, `<${write(value, random).text}>`, positions), name).toContain('***')
    }),
    runs(50),
  )
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

  it('masks what is printed over the characters of a secret, too', () => {
    expect(mask(`${TOKEN.replace(/./g, '$&\b$&')}\b_.`, TOKEN)).toBe('***.')
    expect(mask(`${TOKEN.replace(/./g, '_\b$&')}.`, TOKEN)).toBe('_\b***.')
  })

  it('leaves line breaks that stand for nothing', () => {
    const [first, second] = ['q7Rk2ZtW9pLx4VbN', '8mYcAa11Bb22Cc33']
    expect(mask(`${first}=\r\n${second}=\n${first}\\\n${second}\n`, first + second)).toBe(
      '***=\r\n***=\n***\\\n***\n',
    )
    expect(mask('key=dGhpcyBpcyBhIGtleQ==\n', 'dGhpcyBpcyBhIGtleQ==')).toBe('key=***\n')
  })

  it('masks the beginning of a secret where a dump is cut off', () => {
    const dump = (hex: string) => `<Buffer ${hex} ... 9 more bytes>`
    expect(mask(dump('3d 71 37 52 6b 32 5a'), TOKEN)).toBe(dump('3d ***'))
    expect(mask(dump('3d 71 37 52 6b 32'), TOKEN)).toBe(dump('3d 71 37 52 6b 32'))
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
    ['2026-01-02T03:04:05 0x1f, 0x20 a=\n_\b. ==\n...', TOKEN],
    ['71:37:52:6b:32:5a:74:57:39:70:4c:78:34:56:62:4e:38:6d:59', TOKEN],
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
    ['=', TOKEN],
    ['_', TOKEN],
    ['a\b', TOKEN],
    ['.', TOKEN],
    ['0', TOKEN],
    ['71:', TOKEN],
    ['71 37 ', TOKEN],
    [TOKEN.slice(0, 19), TOKEN],
  ])('reads each byte of %j once, again and again', (text, secret) => {
    const redactor = createSecretRedactor([secret])
    const chunk = Buffer.from(text.repeat(20_000))
    const parts = [redactor.write(chunk), redactor.write(chunk), redactor.end()]
    expect(Buffer.concat(parts).includes(secret)).toBe(false)
  })
})
