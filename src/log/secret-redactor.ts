import { TEXT, withoutNoise } from './alphabet.ts'
import { HEX, hexSpellings } from './hex-alphabet.ts'
import { NoisePatterns } from './noise-patterns.ts'
import { createRedactor, type Redactor } from './redactor.ts'
import { exactForms, formsOf, type SecretForms } from './secret-forms.ts'
import { MIN_SECRET_LENGTH, type SecretTexts, secretTexts } from './secret-texts.ts'

/** Shorter texts without white space are masked only without it: with blanks, they could be ordinary words. */
const CERTAIN_LENGTH = 24
/** A byte is two hexadecimal digits. */
const MIN_HEX_LENGTH = 2 * MIN_SECRET_LENGTH

/**
 * A redactor that masks these values in all their forms, also with noise between the characters: line breaks in base64, colours, carriage
 * returns, quotes of a shell within others.
 */
export function createSecretRedactor(values: readonly string[]): Redactor {
  const texts = secretTexts(values)
  const forms = texts.map(formsOf)
  const noisy = texts.length === 0 ? [] : [textPatterns(texts, forms), hexPatterns(texts)]
  return createRedactor(exactForms(forms), noisy)
}

/**
 * The text is read once, so escapes count as their meaning. Each form is there unchanged, which finds it even if it is escaped once more,
 * and with the meaning of its own escapes.
 */
function textPatterns(texts: readonly SecretTexts[], forms: readonly SecretForms[]): NoisePatterns {
  const written = forms.flatMap(form => form.written)
  const encoded = forms.flatMap(form => form.encoded)
  const loose = written.filter(isLoose)
  return new NoisePatterns({
    alphabet: TEXT,
    loose: unique([...loose.flatMap(significant), ...encoded.map(form => withoutNoise(form))]),
    tight: unique(written.filter(form => !isLoose(form)).flatMap(significant)),
    spellings: [...texts.flatMap(partsOf).filter(isLoose), ...encoded].map(form => Buffer.from(form)),
    certainLength: CERTAIN_LENGTH,
    // Half of it precedes or follows the first noise. Base64 in lines of 16 characters is found.
    runOf: length => Math.min(Math.ceil(length / 2), 16),
  })
}

function hexPatterns(texts: readonly SecretTexts[]): NoisePatterns {
  const values = texts.flatMap(({ whole, lines }) => [whole, ...lines])
  return new NoisePatterns({
    alphabet: HEX,
    loose: unique(values.map(value => Buffer.from(Buffer.from(value).toString('hex')))),
    tight: [],
    spellings: values.flatMap(hexSpellings).map(form => Buffer.from(form)),
    certainLength: MIN_HEX_LENGTH,
    // Short ones on one line; of longer ones half, with two and a half characters for each byte at least.
    runOf: length => Math.min(length < CERTAIN_LENGTH ? length : Math.ceil(0.625 * length), 24),
    cutLength: MIN_HEX_LENGTH,
  })
}

const partsOf = ({ whole, lines, runs }: SecretTexts) => [whole, ...lines, ...runs]

const isLoose = (text: string) => MAY_HAVE_SPACE.test(text) || withoutNoise(text).length >= CERTAIN_LENGTH

/** White space, or an escape that may stand for it. */
const MAY_HAVE_SPACE = /\s|\\[nt]|%[02]|&/

/** A text unchanged, and with its escapes replaced by their meaning. */
function significant(text: string): Buffer[] {
  const forms = [withoutNoise(text)]
  if (ESCAPE.test(text)) forms.push(withoutNoise(text, { escapes: true }))
  // At the end of a line, it counts as a soft line break.
  if (text.endsWith('=')) forms.push(withoutNoise(text.slice(0, -1)))
  if (LATIN.test(text)) forms.push(withoutNoise(inLatin(text)))
  return forms.filter(({ length }) => length >= MIN_SECRET_LENGTH)
}

/** The possible beginnings of an escape within a secret. */
const ESCAPE = /[\\%&=_\p{Cc}]/u

/** Python's repr writes `\xe4` for ä. */
const LATIN = /[\u0080-\u00ff]/
const inLatin = (text: string) =>
  Buffer.concat([...text].map(char => Buffer.from(char, char < '\u0100' ? 'latin1' : 'utf8')))

const unique = (patterns: readonly Buffer[]): Buffer[] => [
  ...new Map(patterns.map(pattern => [pattern.toString('latin1'), pattern])).values(),
]
