import { withoutNoise } from './alphabet.ts'
import { base64Cores, hexForms, SHORT, spacedHexForms } from './encodings.ts'
import { NoisePatterns } from './noise-patterns.ts'
import { createRedactor, type Redactor } from './redactor.ts'
import { secretForms } from './secret-forms.ts'
import { MIN_SECRET_LENGTH, type SecretTexts, secretTexts } from './secret-texts.ts'

/** Shorter values could be ordinary words with blanks between them: they are masked if no white space is in them. */
const MIN_LOOSE = 16
const MIN_LOOSE_LINE = 32

/**
 * A redactor that masks these values in all their forms, also with noise between the characters: line breaks in base64,
 * colours, carriage returns, quotes of a shell within those of another.
 */
export const createSecretRedactor = (values: readonly string[]): Redactor =>
  createRedactor(secretForms(values), noisePatterns(values))

/** Null if there are none. */
export function noisePatterns(values: readonly string[]): NoisePatterns | null {
  const texts = secretTexts(values)
  const loose = unique(texts.flatMap(loosePatterns))
  const tight = unique(texts.flatMap(tightPatterns))
  const spellings = texts.flatMap(({ whole }) => spacedHexForms(whole)).map(form => Buffer.from(form))
  return loose.length + tight.length === 0 ? null : new NoisePatterns({ loose, tight, spellings })
}

function loosePatterns({ whole, lines, runs }: SecretTexts): Buffer[] {
  const encoded = [
    ...base64Cores(whole),
    ...hexForms(whole),
    ...lines.filter(({ length }) => length >= MIN_LOOSE_LINE).flatMap(base64Cores),
  ]
  return [
    ...[whole, ...runs].flatMap(text => significant(text).filter(pattern => isLoose(text, pattern))),
    ...lines.flatMap(significant).filter(({ length }) => length >= MIN_LOOSE_LINE),
    ...encoded.filter(({ length }) => length >= SHORT).map(form => withoutNoise(form)),
  ]
}

function tightPatterns({ whole, lines, runs }: SecretTexts): Buffer[] {
  return [
    ...[whole, ...runs].flatMap(text => significant(text).filter(pattern => !isLoose(text, pattern))),
    ...lines.flatMap(significant).filter(({ length }) => length < MIN_LOOSE_LINE),
  ].filter(({ length }) => length >= MIN_SECRET_LENGTH)
}

const isLoose = (text: string, { length }: Buffer) =>
  length >= MIN_LOOSE || (length >= MIN_SECRET_LENGTH && /\s/.test(text))

/** A text, as what its escapes stand for and as it is. In Latin-1 as Python's repr writes it: `\xe4` for ä. */
function significant(text: string): Buffer[] {
  const latin = Buffer.concat([...text].map(char => Buffer.from(char, char < '\u0100' ? 'latin1' : 'utf8')))
  return [
    withoutNoise(text, { escapes: true }),
    withoutNoise(text),
    withoutNoise(latin),
    withoutNoise(text.replaceAll(' ', '+')),
  ]
}

const unique = (patterns: readonly Buffer[]): Buffer[] => [
  ...new Map(patterns.map(pattern => [pattern.toString('latin1'), pattern])).values(),
]
