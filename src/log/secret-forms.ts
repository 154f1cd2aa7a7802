/**
 * Shorter values are not masked: secrets such as `1`, `true`, `dev` or `8080` would fill the log with stars and
 * protect nothing. This is documented for users.
 */
export const MIN_SECRET_LENGTH = 6
/** Shorter lines of a multi-line secret (`}`, `-----`) are not masked. */
const MIN_LINE_LENGTH = 8
/** The line length of MIME and of GNU coreutils' `base64`. */
const BASE64_LINE = 76

/**
 * All forms in which secret values are masked: verbatim, each line of a multi-line value, base64 at any offset in the
 * encoded bytes, URL-encoded, and JSON-escaped. Values are masked because they are known, not because of their shape.
 */
export function secretForms(values: Iterable<string>): string[] {
  const forms = new Set<string>()
  for (const value of values) {
    const secret = value.trim().toWellFormed()
    if (secret.length < MIN_SECRET_LENGTH) continue
    const lines = secret.split(/\r?\n/).map(line => line.trim())
    const long = lines.length > 1 ? lines.filter(line => line.length >= MIN_LINE_LENGTH) : []
    for (const text of [secret, ...long]) {
      for (const form of [text, ...base64Forms(text), ...urlForms(text), ...jsonForms(text)]) forms.add(form)
    }
  }
  return [...forms].filter(form => form.length >= MIN_SECRET_LENGTH)
}

/**
 * The base64 characters that depend on the secret alone, for each of the three offsets in a group of three bytes. The
 * characters at both ends depend on the adjacent bytes, too.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const stable = [0, 1, 2].map(offset => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
  })
  const wrapped = (stable[0] ?? '').match(new RegExp(`.{1,${BASE64_LINE}}`, 'g')) ?? []
  const pieces = wrapped.filter(piece => piece.length >= MIN_LINE_LENGTH)
  return [...stable, ...pieces].flatMap(form => [form, form.replaceAll('+', '-').replaceAll('/', '_')])
}

function urlForms(secret: string): string[] {
  const component = encodeURIComponent(secret)
  const strict = component.replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  const forms = [component, strict, strict.replaceAll('%2F', '/'), form]
  return forms.flatMap(text => [text, text.replace(/%[0-9A-F]{2}/g, octet => octet.toLowerCase())])
}

function jsonForms(secret: string): string[] {
  const escaped = JSON.stringify(secret).slice(1, -1)
  const ascii = escaped.replace(
    /[\u007f-\uffff]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return [escaped, ascii, escaped.replaceAll('/', '\\/')]
}
