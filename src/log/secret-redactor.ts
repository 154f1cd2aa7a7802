import { withoutNoise } from './alphabet.ts'
import { base64Forms, hexForms, spacedHexForms } from './encodings.ts'
import { CERTAIN_LENGTH, NoisePatterns } from './noise-patterns.ts'
import { createRedactor, type Redactor } from './redactor.ts'
import { secretForms } from './secret-forms.ts'
import { MIN_SECRET_LENGTH, type SecretTexts, secretTexts } from './secret-texts.ts'

/**
 * A redactor that masks these values in all their forms, also with noise between the characters: line breaks in base64,
 * colours, carriage returns, quotes of a shell within those of another.
 */
export const createSecretRedactor = (values: readonly string[]): Redactor =>
  createRedactor(secretForms(values), noisePatterns(values))

/** Null if there are none. */
function noisePatterns(values: readonly string[]): NoisePatterns | null {
  const forms = secretTexts(values).map(noisyForms)
  const encoded = forms.flatMap(form => form.encoded)
  const loose = forms.flatMap(form => form.loose)
  const patterns = {
    loose: unique([...loose.flatMap(significant), ...encoded.map(form => withoutNoise(form))]),
    tight: unique(forms.flatMap(({ tight }) => tight.flatMap(significant))),
    spellings: [...loose, ...encoded].map(form => Buffer.from(form)),
  }
  return patterns.loose.length + patterns.tight.length === 0 ? null : new NoisePatterns(patterns)
}

type NoisyForms = { loose: string[]; tight: string[]; encoded: string[] }

function noisyForms({ whole, lines, runs }: SecretTexts): NoisyForms {
  // Shorter texts could be ordinary words with blanks between them.
  const isLoose = (text: string) => MAY_HAVE_SPACE.test(text) || withoutNoise(text).length >= CERTAIN_LENGTH
  const texts = [whole, ...lines, ...runs]
  return {
    loose: texts.filter(isLoose),
    tight: texts.filter(text => !isLoose(text)),
    encoded: [...[whole, ...lines].flatMap(base64Forms), ...hexForms(whole), ...spacedHexForms(whole)],
  }
}

/** White space, or an escape that may stand for it. */
const MAY_HAVE_SPACE = /\s|\\[nt]|%[02]|&/

/** A text as it is, as what its escapes stand for, and as forms (application/x-www-form-urlencoded) write its blanks. */
function significant(text: string): Buffer[] {
  const forms = [
    withoutNoise(text),
    withoutNoise(text, { escapes: true }),
    withoutNoise(text.replaceAll(' ', '+')),
  ]
  if (LATIN.test(text)) forms.push(withoutNoise(inLatin(text)))
  return forms.filter(({ length }) => length >= MIN_SECRET_LENGTH)
}

/** Python's repr writes `\xe4` for ä. */
const LATIN = /[\u0080-\u00ff]/
const inLatin = (text: string) =>
  Buffer.concat([...text].map(char => Buffer.from(char, char < '\u0100' ? 'latin1' : 'utf8')))

const unique = (patterns: readonly Buffer[]): Buffer[] => [
  ...new Map(patterns.map(pattern => [pattern.toString('latin1'), pattern])).values(),
]
