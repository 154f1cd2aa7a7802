import fc from 'fast-check'
import { expect, test } from 'vitest'
import { supersededWith } from '../../../src/admission/supersede.ts'
import type { Arrival } from '../../../src/records/counter.ts'

const commitOf = (letter: string) => letter.repeat(40)
const arrival = (number: number, letter: string, trigger = 'push/master'): Arrival => ({
  number,
  trigger,
  commit: commitOf(letter),
})

const RECORDED = [arrival(9, 'c'), arrival(8, 'b', 'pr/1'), arrival(6, 'b'), arrival(5, 'b'), arrival(4, 'a')]

test.each([
  ['supersedes all builds of the previous commit', arrival(9, 'c'), ['6 by 9', '5 by 9']],
  ['of another trigger supersedes nothing', arrival(8, 'b', 'pr/1'), []],
  ['recorded late supersedes and is superseded', arrival(6, 'b'), ['4 by 6', '6 by 9']],
  ['with nothing before it is only superseded', arrival(4, 'a'), ['4 by 5']],
])('a build %s', (_, build, expected) => {
  expect(supersededWith(build, RECORDED).map(({ number, by }) => `${number} by ${by}`)).toEqual(expected)
})

test('in any order of recording, exactly the builds with a newer commit are superseded', () => {
  const arrivals = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('push/x', 'pr/1')), {
    maxLength: 8,
  })
  const shuffled = arrivals.chain(all => {
    const numbered = all.map(([letter, trigger], index) => arrival(index + 1, letter, trigger))
    return fc.shuffledSubarray(numbered, { minLength: numbered.length })
  })
  fc.assert(
    fc.property(shuffled, builds => {
      const found = new Set<number>()
      for (const [index, build] of builds.entries()) {
        const recorded = builds.slice(0, index + 1).toSorted((one, other) => other.number - one.number)
        for (const { number } of supersededWith(build, recorded)) found.add(number)
      }
      const expected = builds.filter(build =>
        builds.some(
          ({ number, trigger, commit }) =>
            number > build.number && trigger === build.trigger && commit !== build.commit,
        ),
      )
      expect(found).toEqual(new Set(expected.map(({ number }) => number)))
    }),
    { numRuns: 1000 },
  )
})
