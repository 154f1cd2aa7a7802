import fc from 'fast-check'
import { expect, test } from 'vitest'
import { supersededWith } from '../../../src/admission/supersede.ts'
import type { Arrival } from '../../../src/records/counter.ts'

const commitOf = (letter: string) => letter.repeat(40)
const arrival = (number: number, letter: string, trigger = 'push/master'): Arrival => ({
  ...{ number, trigger, commit: commitOf(letter) },
})

const NOTED = [arrival(9, 'c'), arrival(8, 'b', 'pr/1'), arrival(6, 'b'), arrival(5, 'b'), arrival(4, 'a')]

test.each([
  ['overtakes the last commit, however often it came', arrival(9, 'c'), ['6 by 9', '5 by 9']],
  ['of another trigger overtakes nobody', arrival(8, 'b', 'pr/1'), []],
  ['noted late is overtaken, and overtakes', arrival(6, 'b'), ['4 by 6', '6 by 9']],
  ['with nothing before it is overtaken alone', arrival(4, 'a'), ['4 by 5']],
])('an arrival %s', (_, build, expected) => {
  expect(supersededWith(build, NOTED).map(({ number, by }) => `${number} by ${by}`)).toEqual(expected)
})

test('in whichever order arrivals are noted, each that a newer commit overtakes is found, and no other', () => {
  const arrivals = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('push/x', 'pr/1')), {
    maxLength: 8,
  })
  const order = arrivals.chain(all => {
    const numbered = all.map(([letter, trigger], index) => arrival(index + 1, letter, trigger))
    return fc.shuffledSubarray(numbered, { minLength: numbered.length })
  })
  fc.assert(
    fc.property(order, jobs => {
      const found = new Set<number>()
      for (const [index, build] of jobs.entries()) {
        const noted = jobs.slice(0, index + 1).toSorted((one, other) => other.number - one.number)
        for (const { number } of supersededWith(build, noted)) found.add(number)
      }
      const expected = jobs.filter(build =>
        jobs.some(
          ({ number, trigger, commit }) =>
            number > build.number && trigger === build.trigger && commit !== build.commit,
        ),
      )
      expect(found).toEqual(new Set(expected.map(({ number }) => number)))
    }),
    { numRuns: 1000 },
  )
})
