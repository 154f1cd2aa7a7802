import { base64Forms, broken, hexForms, SHORT } from './encodings.ts'
import { secretTexts } from './secret-texts.ts'

/**
 * The forms in which secret values are masked byte by byte: verbatim, each line of a multi-line value, base64 at any offset
 * in the encoded bytes, hexadecimal, URL-encoded, and escaped for JSON, shells and HTML. Values are masked because they are
 * known, not because of their shape.
 */
export function secretForms(values: Iterable<string>): string[] {
  const forms = new Set<string>()
  for (const { whole, lines, runs } of secretTexts(values)) {
    for (const text of [whole, ...lines]) {
      for (const form of [...base64Forms(text), ...hexForms(text)]) forms.add(form)
    }
    for (const text of [whole, ...lines, ...runs]) {
      for (const form of [text, ...urlForms(text), ...jsonForms(text), ...quotedForms(text)]) forms.add(form)
    }
    for (const form of [...base64Forms(whole), ...hexForms(whole)].filter(({ length }) => length < SHORT))
      for (const text of broken(form)) forms.add(text)
  }
  return [...forms].filter(form => form.length >= MIN_FORM_LENGTH)
}

/** That of a secret's base64, if as little of it as possible depends on the secret alone. */
const MIN_FORM_LENGTH = 6

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

/** As shells, Python, Node and HTML write them. `echo $SECRET` makes one blank of all white space. */
function quotedForms(secret: string): string[] {
  const escaped = secret
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
  return [
    secret.replace(/\s+/g, ' '),
    secret.replaceAll("'", `'\\''`),
    secret.replace(/'+/g, `'"$&"'`),
    secret.replace(/[\\$`"]/g, '\\$&'),
    secret.replace(/[^\w@%+=:./\u0080-\uffff-]/g, '\\$&'),
    escaped,
    escaped.replaceAll("'", "\\'"),
    secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  ]
}
