import { expect, test } from 'vitest'
import { findPhrases } from '../../scripts/phrases.ts'

const found = (text: string, kind: 'md' | 'source' = 'md') =>
  findPhrases(text, kind).map(({ line, text: phrase }) => [line, phrase])

test.each([
  ['For people who comes from LambCI.', 'who comes from'],
  ['Short.\nWhat a repository has is in it.', 'What a'],
  ['| a | Whoever knows one can sign |', 'Whoever'],
  ['Push a repository of yours.', 'of yours'],
  ['It is not read any more.', 'any more'],
  ['It is built anew.', 'anew'],
  ['The queue waits in vain.', 'in vain'],
  ['Run `npx lambci plan`, or npx lambci plan.', 'npx lambci'],
])('finds a phrase in: %s', (text, phrase) => {
  expect(found(text).map(([, each]) => each)).toContain(phrase)
})

test('a phrase goes over two lines, and has the line on which it begins', () => {
  expect(found('One.\nIt is not read any\nmore.')).toEqual([[2, 'any more']])
  expect(found('/**\n * It is not read any\n * more.\n */', 'source')).toEqual([[2, 'any more']])
})

test.each([
  ['a question', 'What does it cost? Who can deploy?'],
  ['a heading', '## What a command sees'],
  ['code', 'Write `any more`, or\n\n```json\n"any more"\n```'],
  ['a comparison', 'It does not cost any more than before.'],
])('leaves %s alone', (_, text) => {
  expect(found(text)).toEqual([])
})

test('reads the comments of a script in a document', () => {
  expect(found('```sh\nlambci logs  # not read any more\n```')).toEqual([[2, 'any more']])
})

test('a comment may begin with a clause that names a thing, but not a sentence within it', () => {
  expect(found('/** What a job needs. */', 'source')).toEqual([])
  expect(found('/** A record. What it has is kept. */', 'source')).toEqual([[1, 'What it']])
})
