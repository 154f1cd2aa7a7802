import fc from 'fast-check'
import { expect, test } from 'vitest'
import { indexOfSeam, SeamFinder } from '../../../src/command/find-seam.ts'

const MARK = 'lambci0123'
const mark = (index: number) => `${MARK}${indexOfSeam(index)}`

/** Feeds an output to the finder in these pieces. Returns what is passed on, with the index of each seam between bars. */
async function found(pieces: readonly string[], count = 3): Promise<string> {
  let text = ''
  const finder = new SeamFinder(
    MARK,
    count,
    async bytes => {
      expect(bytes.length).toBeGreaterThan(0)
      text += Buffer.from(bytes).toString('latin1')
    },
    async index => {
      text += `|${index}|`
    },
  )
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1')
    await finder.add(bytes)
    // The next piece is read into the same buffer.
    bytes.fill('#')
  }
  await finder.end()
  return text
}

test.each<[string, string[], string]>([
  ['in one piece', [`a\n${mark(0)}b`], 'a\n|0|b'],
  ['at a border', ['a', mark(0), 'b'], 'a|0|b'],
  ['across pieces', ['alam', 'bci', '01230', '0', '0b'], 'a|0|b'],
  ['after another', [`${mark(0)}a${mark(1)}${mark(2)}b`], '|0|a|1||2|b'],
  ['of which one is missing', [`a${mark(0)}b${mark(2)}c`], 'a|0|b|2|c'],
  ['twice, of which the second is output', [`a${mark(1)}b${mark(1)}${mark(2)}`], `a|1|b${mark(1)}|2|`],
  ['after a later one, which is output', [`${mark(1)}a${mark(0)}b`], `|1|a${mark(0)}b`],
  ['of no seam, which is output', [`a${mark(3)}b${mark(0)}`], `a${mark(3)}b|0|`],
  ['with no index, which is output', [`a${MARK}+01b${MARK}1e0`], `a${MARK}+01b${MARK}1e0`],
  ['that is cut off', [`a${MARK}`, '00'], `a${MARK}00`],
  ['never, but for its beginning', ['alam', 'lamb'], 'alamlamb'],
  ['after what looks like it', ['lamlamb', 'ci0123000'], 'lam|0|'],
])('a mark %s', async (_, pieces, expected) => {
  expect(await found(pieces)).toBe(expected)
})

test.each(['running…', `${mark(2)}lamb`])('what is at hand is passed on at once: %s', async text => {
  const passed: string[] = []
  const finder = new SeamFinder(
    MARK,
    3,
    async bytes => void passed.push(String(bytes)),
    async () => {},
  )
  await finder.add(Buffer.from(text))
  expect(passed).toEqual([text.replace(mark(2), '')])
})

test('wherever an output is cut, nothing is lost and each seam is found', async () => {
  const piece = fc.string({ unit: fc.constantFrom('l', 'a', 'm', 'b', 'c', 'i', '0', '\n') })
  const outputs = fc.array(piece, { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(outputs, fc.array(fc.nat(150)), async (texts, cuts) => {
      const text = texts.map((each, at) => `${mark(at)}${each}`).join('')
      const at = [...new Set(cuts.map(cut => cut % text.length))].toSorted((a, b) => a - b)
      const pieces = [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length))
      expect(await found(pieces, texts.length)).toBe(texts.map((each, at) => `|${at}|${each}`).join(''))
    }),
  )
})
