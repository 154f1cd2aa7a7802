import { base64Forms, broken, hexForms, SHORT } from './encodings.ts'
import type { SecretTexts } from './secret-texts.ts'
import { embeddedForms, textForms } from './text-forms.ts'

/** The forms of a secret. Values are masked because they are known, not because of their shape. */
export type SecretForms = {
  /** As programs write texts: quoted by shells, escaped for JSON, URLs and HTML. Each line of a multi-line value alone, too. */
  written: string[]
  /** Base64 at any offset in the encoded bytes, also of documents that contain the value, and hexadecimal. */
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
 * What is masked byte by byte. Longer forms are certain to be found although noise is in them, and so without it, unless
 * they have white space or quotes of their own, or characters that count as others.
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

/** That of a secret's base64, if as little of it as possible depends on the secret alone. */
const MIN_FORM_LENGTH = 6

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]
