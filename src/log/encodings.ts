/** Shorter forms are found with a line break through all their forms, longer ones without regard to noise. */
export const SHORT = 24

/**
 * The base64 characters that depend only on the secret, for each of the three offsets in a group of three bytes. The characters at both
 * ends depend on the adjacent bytes, too.
 */
function base64Cores(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].map(offset => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
  })
}

/** Base64 and base64url. */
export const base64Forms = (secret: string): string[] =>
  base64Cores(secret).flatMap(form => [form, form.replaceAll('+', '-').replaceAll('/', '_')])

/** In lower and in upper case. */
export function hexForms(secret: string): string[] {
  const hex = Buffer.from(secret).toString('hex')
  return [hex, hex.toUpperCase()]
}

/** A form with a line break at any place, written like `ends`. */
export function broken(form: string, ends: readonly string[]): string[] {
  const places = Array.from({ length: form.length - 1 }, (_, index) => index + 1)
  return places.flatMap(at => ends.map(end => form.slice(0, at) + end + form.slice(at)))
}
