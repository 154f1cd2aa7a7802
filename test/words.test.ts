import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { SyntaxKind } from 'typescript/unstable/ast'
import { createScanner } from 'typescript/unstable/ast/scanner'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['bin', 'src', 'loopback', 'test', 'scripts', 'examples']

/** Words that no name may contain, each with the word that the field uses. */
const WORDS: Readonly<Record<string, string>> = {
  alone: 'ownsMachine',
  ask: 'request',
  asked: 'requested, options',
  asks: 'requests',
  board: 'watcher',
  bring: 'fetch, deliver',
  carry: 'deliver',
  closing: 'end, conclusion',
  course: 'run, run recorder',
  demand: 'require, assert, expect',
  ending: 'end, conclusion',
  endings: 'ends, conclusions',
  errand: 'command, request',
  eyes: 'queries',
  granter: 'grant issuer',
  handed: 'passed',
  hands: 'actions, context',
  heed: 'use, follow',
  heeds: 'uses, follows',
  judge: 'decide, evaluate',
  judged: 'decision',
  kin: 'related',
  ledger: 'deployments',
  lessee: 'lease holder',
  lively: 'scripted',
  mint: 'issue',
  minted: 'issued',
  notice: 'notification, message',
  notices: 'notifications, messages',
  outcome: 'result, conclusion',
  outcomes: 'results, conclusions',
  overtake: 'supersede',
  overtaken: 'superseded',
  patience: 'timeout',
  problem: 'error, UserError',
  problems: 'errors',
  said: 'text, value',
  says: 'settings, text, value',
  scene: 'workspace, context',
  shelf: 'index',
  stray: 'unexpected, orphan',
  strays: 'unexpected, orphans',
  strike: 'attack',
  tell: 'notify',
  tells: 'notifies',
  telling: 'notifying',
  together: 'concurrently',
  told: 'notified, delivered',
  town: 'test system',
  turn: 'queue, acquire',
  turns: 'queue',
  verdict: 'decision',
  voice: 'log',
  waking: 'trigger',
  wakings: 'triggers',
  wish: 'request',
  wishes: 'requests',
}

/** Phrases of comments, messages and test titles that no native speaker would write. */
const PHRASES: readonly RegExp[] = [
  /\b(this|a|the) wish\b/i,
  /\bwish(es)? (for|to)\b/i,
  /\bcourse of (a|the|its) (build|job)\b/i,
  /\bstranger's word\b/i,
  /\bis told of\b|\bare told of\b/i,
  /\bcome to be\b|\bcomes to be\b/i,
  /, and all is well\b/i,
  /\bwhat is (no|none) /i,
  /\bin one's hands\b|\bits own hands\b/i,
  /\bno such word\b/i,
  /\bof one's own\b/i,
  /\bwhoever may\b/i,
  /\bthis order\b|\ban order of\b|\bthe next order\b/i,
]

type Token = { kind: SyntaxKind; text: string; start: number }

/** Tokens after which a slash divides; after any other token it begins a regular expression. */
const DIVIDES = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
])
const TEMPLATE_PARTS = new Set([
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
])

/** The tokens of a source, comments included. */
function tokensOf(source: string): Token[] {
  const scanner = createScanner(false)
  scanner.setText(source)
  const tokens: Token[] = []
  const templates: number[] = []
  let previous = SyntaxKind.Unknown
  let braces = 0
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    if ((kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken) && !DIVIDES.has(previous))
      kind = scanner.reScanSlashToken()
    if (kind === SyntaxKind.CloseBraceToken && templates.at(-1) === braces) {
      kind = scanner.reScanTemplateToken(false)
      if (kind === SyntaxKind.TemplateTail) templates.pop()
    } else if (kind === SyntaxKind.TemplateHead) templates.push(braces)
    else if (kind === SyntaxKind.OpenBraceToken) braces += 1
    else if (kind === SyntaxKind.CloseBraceToken) braces -= 1
    const text = scanner.getTokenText()
    tokens.push({ kind, text, start: scanner.getTokenStart() })
    const isTrivia = /^\s*$/.test(text) || text.startsWith('//') || text.startsWith('/*')
    if (!isTrivia) previous = kind
  }
  return tokens
}

const wordsOf = (name: string) =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean)

const badWords = new Map<string, string | undefined>()
function badWordIn(name: string): string | undefined {
  if (!badWords.has(name))
    badWords.set(
      name,
      wordsOf(name).find(word => Object.hasOwn(WORDS, word)),
    )
  return badWords.get(name)
}

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...FOLDERS], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => /\.(ts|mjs|js)$/.test(file) && file !== 'src/pages/browser-script.ts')
  .filter(file => file !== 'test/words.test.ts')

const isString = (kind: SyntaxKind) => kind === SyntaxKind.StringLiteral || TEMPLATE_PARTS.has(kind)
const isComment = (text: string) => text.startsWith('//') || text.startsWith('/*')
/** Names that other packages and AWS have given, and a key of the files that people write. */
const FOREIGN = new Set(['setTurn', 'ProblemType', 'verdict'])

function findingsIn(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8')
  const placeOf = (start: number) => `${file}:${source.slice(0, start).split('\n').length}`
  const tokens = tokensOf(source)
  const significant = tokens.filter(({ text }) => text.trim() !== '' && !isComment(text))
  const names = significant.filter(({ kind, text }, index) => {
    if (kind === SyntaxKind.Identifier || kind === SyntaxKind.PrivateIdentifier) return !FOREIGN.has(text)
    return kind === SyntaxKind.StringLiteral && significant[index + 1]?.kind === SyntaxKind.ColonToken
  })
  const prose = tokens.filter(({ kind, text }) => isComment(text) || isString(kind))
  return [
    ...names.flatMap(({ text, start }) => {
      const word = badWordIn(text)
      return word ? [`${placeOf(start)} ${text}: write "${WORDS[word]}" instead of "${word}"`] : []
    }),
    ...prose.flatMap(({ text, start }) => {
      const onOneLine = text.replace(/\s*\n\s*\*?\s*/g, ' ')
      return PHRASES.flatMap(phrase => {
        const found = phrase.exec(onOneLine)
        return found ? [`${placeOf(start)} "${found[0]}" is not how anybody would say it`] : []
      })
    }),
  ]
}

test('the scanner finds names, keys and prose, and is not confused by templates and regular expressions', () => {
  const source = [
    'const a = `x $' + '{b["}"] / 2} y` // a comment',
    'const c = /"/.test(d) ? { "the key": 1 } : 2',
  ].join('\n')
  const tokens = tokensOf(source)
  const identifiers = tokens.filter(({ kind }) => kind === SyntaxKind.Identifier).map(({ text }) => text)
  expect(identifiers).toEqual(['a', 'b', 'c', 'test', 'd'])
  expect(tokens.map(({ text }) => text)).toContain('"the key"')
  expect(wordsOf('XMLTellStatusOf-some_wish.ts')).toEqual([
    'xml',
    'tell',
    'status',
    'of',
    'some',
    'wish',
    'ts',
  ])
})

test('files are named with the words of the field', () => {
  expect(files.length).toBeGreaterThan(400)
  expect(files.filter(file => badWordIn(basename(file)))).toEqual([])
})

test('names, keys and prose use the words of the field', () => {
  expect(files.flatMap(findingsIn)).toEqual([])
})
