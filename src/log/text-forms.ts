/** A program's way to write a text. */
type Write = (text: string) => string

const replace =
  (chars: RegExp, write: string | ((char: string) => string)): Write =>
  text =>
    text.replace(chars, write as string)
/** Uses a replacement for each character. */
const replaceEach = (replacements: Record<string, string>): Write => {
  const chars = new RegExp(
    `[${Object.keys(replacements)
      .join('')
      .replace(/[\]^\\-]/g, '\\$&')}]`,
    'g',
  )
  return replace(chars, char => replacements[char] as string)
}
const inOrder =
  (...writes: Write[]): Write =>
  text =>
    writes.reduce((written, write) => write(written), text)
const hex = (value: number, length: number) => value.toString(16).toUpperCase().padStart(length, '0')
const octets = replace(/%[0-9A-F]{2}/g, octet => octet.toLowerCase())
const strictly = inOrder(
  encodeURIComponent,
  replace(/[!'()*]/g, char => `%${hex(char.charCodeAt(0), 2)}`),
)
const inForm: Write = text => new URLSearchParams([['', text]]).toString().slice(1)
const inPath = inOrder(strictly, replace(/%2F/g, '/'))
const URLS = [encodeURIComponent, strictly, inPath, inForm]

const inJson: Write = text => JSON.stringify(text).slice(1, -1)
const inAsciiJson = inOrder(
  inJson,
  replace(/[\u007f-\uffff]/g, char => `\\u${hex(char.charCodeAt(0), 4).toLowerCase()}`),
)
/** Go and PHP also escape HTML's characters. */
const inSafeJson = inOrder(inJson, replaceEach({ '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' }))
const JSONS = [inJson, inAsciiJson, inSafeJson, inOrder(inJson, replace(/\//g, '\\/'))]

const html = (quotes: Record<string, string>) =>
  replaceEach({ '&': '&amp;', '<': '&lt;', '>': '&gt;', ...quotes })

const inSource = inOrder(replace(/\\/g, '\\\\'), replaceEach({ '\n': '\\n', '\r': '\\r', '\t': '\\t' }))

/** Replaces characters by the texts for each of their bytes. */
const replaceBytes = (chars: RegExp, write: (byte: number) => string): Write =>
  replace(chars, char => Array.from(Buffer.from(char), write).join(''))

/** As `cat -v` writes a byte. */
function caret(byte: number): string {
  if (byte >= 0x80) return `M-${caret(byte - 0x80)}`
  return byte < 0x20 || byte === 0x7f ? `^${String.fromCharCode(byte ^ 0x40)}` : String.fromCharCode(byte)
}

/** One line for each way to write a text, or several lines. */
const WRITES: readonly Write[] = [
  text => text,
  ...URLS,
  ...URLS.map(write => inOrder(write, octets)),
  ...JSONS,
  html({ '"': '&quot;', "'": '&#39;' }),
  // Shells. `echo $SECRET` replaces all white space with one blank.
  replace(/\s+/g, ' '),
  replace(/'/g, `'\\''`),
  replace(/'+/g, `'"$&"'`),
  replace(/[\\$`"]/g, '\\$&'),
  replace(/[^\w@%+=:./\u0080-\uffff-]/g, '\\$&'),
  // Python and Node.
  inSource,
  inOrder(inSource, replace(/'/g, "\\'")),
]

/** One line for each way to write a line. */
const LINE_WRITES: readonly Write[] = [
  // HTML and XML: Python, Go, XML, Mustache.
  html({ '"': '&quot;', "'": '&#x27;' }),
  html({ '"': '&#34;', "'": '&#39;' }),
  html({ '"': '&quot;', "'": '&apos;' }),
  html({ '"': '&quot;', "'": '&#39;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' }),
  // PowerShell, cmd.exe.
  replace(/[`$"]/g, '`$&'),
  replace(/[&|<>^]/g, '^$&'),
  // Templates in which a doubled character means one: `docker compose config` and make; printf; Python, Rust, .NET.
  replace(/\$/g, '$$$$'),
  replace(/%/g, '%%'),
  replace(/[{}]/g, '$&$&'),
  // Accents as separate characters, and combined with their letters, as file systems write them.
  text => text.normalize('NFD'),
  text => text.normalize('NFC'),
  // cat -v, cat -A.
  replaceBytes(/[^\t\x20-\x7e]/gu, caret),
  replaceBytes(/[^\x20-\x7e]/gu, caret),
  // Quoted-printable.
  replaceBytes(/[=\x7f-\u{10ffff}]/gu, byte => `=${hex(byte, 2)}`),
]

const unique = (texts: readonly string[]) => [...new Set(texts)]

/** All known ways to write a text. The results are also masked with noise between their characters. */
export const textForms = (text: string): string[] =>
  unique((text.includes('\n') ? WRITES : [...WRITES, ...LINE_WRITES]).map(write => write(text)))

/** The ways in which a text may be part of a document that is then encoded as a whole. */
export const embeddedForms = (text: string): string[] =>
  unique(
    [(text: string) => text, ...JSONS, inOrder(inJson, inJson), encodeURIComponent, strictly, inForm].map(
      write => write(text),
    ),
  )
