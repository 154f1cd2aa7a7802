import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeamFinder } from '../../../src/command/find-seam.ts'

const MARK = 'lambci0123'

/** What is passed on if an output comes in these pieces; the seam is a bar. */
async function found(pieces: readonly string[]): Promise<string> {
  let text = ''
  const finder = new SeamFinder(
    MARK,
    async bytes => {
      expect(bytes.length).toBeGreaterThan(0)
      text += Buffer.from(bytes).toString('latin1')
    },
    async () => {
      text += '|'
    },
  )
  for (const piece of pieces) await finder.add(Buffer.from(piece, 'latin1'))
  await finder.end()
  return text
}

test.each<[string, string[], string]>([
  ['in one piece', [`a\n${MARK}b`], 'a\n|b'],
  ['at a border', ['a', MARK, 'b'], 'a|b'],
  ['across pieces', ['alam', 'bci', '0123b'], 'a|b'],
  ['twice, of which the second is output', [`a${MARK}b${MARK}`], `a|b${MARK}`],
  ['never, but for its beginning', ['alam', 'lamb'], 'alamlamb'],
  ['after what looks like it', ['lamlamb', 'ci0123'], 'lam|'],
])('a mark %s', async (_, pieces, expected) => {
  expect(await found(pieces)).toBe(expected)
})

test('what is at hand is passed on at once', async () => {
  const passed: string[] = []
  const finder = new SeamFinder(
    MARK,
    async bytes => void passed.push(String(bytes)),
    async () => {},
  )
  await finder.add(Buffer.from('running…'))
  expect(passed).toEqual(['running…'])
})

test('wherever an output is cut, nothing is lost and the seam is found', async () => {
  const piece = fc.string({ unit: fc.constantFrom('l', 'a', 'm', 'b', 'c', 'i', '0', '\n') })
  await fc.assert(
    fc.asyncProperty(piece, piece, fc.array(fc.nat(60)), async (before, after, cuts) => {
      const text = before + MARK + after
      const at = [...new Set(cuts.map(cut => cut % text.length))].toSorted((a, b) => a - b)
      const pieces = [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length))
      const seam = text.indexOf(MARK)
      expect(await found(pieces)).toBe(`${text.slice(0, seam)}|${text.slice(seam + MARK.length)}`)
    }),
  )
})
