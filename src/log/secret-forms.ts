import { base64Forms, broken, hexForms, SHORT } from './encodings.ts'
import type { SecretTexts } from './secret-texts.ts'
import { embeddedForms, textForms } from './text-forms.ts'

/** The forms of a secret. Values are masked because they are known, not because of their shape. */
export type SecretForms = {
  /** As programs write texts: quoted by shells, escaped for JSON, URLs and HTML. Also each line of a multi-line value. */
  written: string[]
  /** Base64 at any offset in the encoded bytes, also in documents that contain the value, and hexadecimal. */
  encoded: string[]
}

export function formsOf({ whole, lines, runs }: SecretTexts): SecretForms {
  const parts = lines.length === 0 ? [whole] : lines
  const embedded = [whole, ...parts.flatMap(embeddedForms)]
  return {
    written: unique([whole, ...lines, ...runs].flatMap(textForms)),
    encoded: unique([...unique(embedded).flatMap(base64Forms), ...[whole, ...lines].flatMap(hexForms)]),
  }
}

/**
 * The forms that are masked byte by byte. Longer forms are certain to be found with and without noise, unless they contain white space,
 * quotes, or characters that count as others.
 */
export function exactForms(forms: readonly SecretForms[]): string[] {
  const isShort = ({ length }: string) => length < SHORT
  const written = forms.flatMap(form => form.written)
  const short = written.filter(isShort)
  const encoded = forms.flatMap(form => form.encoded).filter(isShort)
  const all = [
    ...short,
    ...short.flatMap(form => broken(form, ['=\n', '=\r\n'])),
    ...written.filter(form => !isShort(form) && /[\s'"_-]/.test(form)),
    ...encoded,
    ...encoded.flatMap(form => broken(form, ['\n', '\r\n'])),
  ]
  return unique(all).filter(form => form.length >= MIN_FORM_LENGTH)
}

/** The length of the shortest base64 part that depends only on the secret. */
const MIN_FORM_LENGTH = 6

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]
