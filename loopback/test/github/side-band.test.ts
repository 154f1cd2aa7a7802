import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SideBand } from '../../github/side-band.ts'

/** Answers of `git receive-pack`, with side bands and without. */
const REPORT = '000eunpack ok\n0019ok refs/heads/master\n0000'
const WITH = `${(REPORT.length + 5).toString(16).padStart(4, '0')}\x01${REPORT}0000`

/** The client's output of an answer in these pieces. */
function pass(pieces: readonly Uint8Array[], lines: readonly string[]): string {
  const sideBand = new SideBand()
  const sent = pieces.map(piece => sideBand.push(piece))
  return Buffer.concat([...sent, sideBand.end(lines)]).toString('latin1')
}

const pieces = (text: string, cuts: readonly number[]) => {
  const ends = [...new Set(cuts)].map(cut => cut % (text.length + 1)).toSorted((one, other) => one - other)
  return [0, ...ends].map((from, index) =>
    Buffer.from(text.slice(from, ends[index] ?? text.length), 'latin1'),
  )
}

test('messages come before the last packet, however the answer is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), cuts => {
      expect(pass(pieces(WITH, cuts), ['Build #1: http://x', 'ä'])).toBe(
        `${WITH.slice(0, -4)}0018\x02Build #1: http://x\n0008\x02${Buffer.from('ä').toString('latin1')}\n0000`,
      )
    }),
  )
})

test.each([
  ['that has no side bands', REPORT],
  ['that breaks off before its end', WITH.slice(0, -4)],
  ['that breaks off in a packet', WITH.slice(0, -8)],
  ['that goes on after its end', `${WITH}0000`],
  ['that is no packets', 'HTTP'],
  ['that is an error', '0029ERR access denied or not exported: x'],
  ['that is empty', ''],
  ['that is one packet', '0000'],
])('an answer %s stays as it is', (_, answer) => {
  fc.assert(
    fc.property(fc.array(fc.nat()), cuts => {
      expect(pass(pieces(answer, cuts), ['Build #1'])).toBe(answer)
    }),
  )
})
