import { withoutNoise } from './alphabet.ts'
import { base64Forms, hexForms, spacedHexForms } from './encodings.ts'
import { NoisePatterns } from './noise-patterns.ts'
import { createRedactor, type Redactor } from './redactor.ts'
import { secretForms } from './secret-forms.ts'
import { MIN_SECRET_LENGTH, type SecretTexts, secretTexts } from './secret-texts.ts'

/** Shorter texts could be ordinary words with blanks between them: they are masked if no white space is in them. */
const MIN_LOOSE = 24

/**
 * A redactor that masks these values in all their forms, also with noise between the characters: line breaks in base64,
 * colours, carriage returns, quotes of a shell within those of another.
 */
export const createSecretRedactor = (values: readonly string[]): Redactor =>
  createRedactor(secretForms(values), noisePatterns(values))

/** Null if there are none. */
function noisePatterns(values: readonly string[]): NoisePatterns | null {
  const forms = secretTexts(values).map(noisyForms)
  const loose = forms.flatMap(form => form.loose)
  const patterns = {
    loose: unique(loose.flatMap(significant)),
    tight: unique(forms.flatMap(({ tight }) => tight.flatMap(significant))),
    spellings: loose.map(form => Buffer.from(form)),
  }
  return patterns.loose.length + patterns.tight.length === 0 ? null : new NoisePatterns(patterns)
}

function noisyForms({ whole, lines, runs }: SecretTexts): { loose: string[]; tight: string[] } {
  const isLoose = (text: string) => MAY_HAVE_SPACE.test(text) || withoutNoise(text).length >= MIN_LOOSE
  const texts = [whole, ...lines, ...runs]
  return {
    loose: [
      ...texts.filter(isLoose),
      ...[whole, ...lines].flatMap(base64Forms),
      ...hexForms(whole),
      ...spacedHexForms(whole),
    ],
    tight: texts.filter(text => !isLoose(text)),
  }
}

/** White space, or an escape that may stand for it. */
const MAY_HAVE_SPACE = /\s|\\[nt]|%[02]|&/

/** A text, as what its escapes stand for and as it is. In Latin-1 as Python's repr writes it: `\xe4` for ä. */
function significant(text: string): Buffer[] {
  const chars = [...text].map(char => Buffer.from(char, char < '\u0100' ? 'latin1' : 'utf8'))
  return [
    withoutNoise(text, { escapes: true }),
    withoutNoise(text),
    withoutNoise(Buffer.concat(chars)),
    // Blanks in forms (application/x-www-form-urlencoded).
    withoutNoise(text.replaceAll(' ', '+')),
  ].filter(({ length }) => length >= MIN_SECRET_LENGTH)
}

const unique = (patterns: readonly Buffer[]): Buffer[] => [
  ...new Map(patterns.map(pattern => [pattern.toString('latin1'), pattern])).values(),
]
