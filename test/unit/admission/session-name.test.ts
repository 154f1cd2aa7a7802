import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sessionNameOf } from '../../../src/admission/session-name.ts'
import { CODE_POINT } from '../../support/code-points.ts'

const nameOf = (project: string, part: string, number = 12) => sessionNameOf({ project, number }, part)

test.each([
  ['gh/ada/web', 'production', 'ada.web+production+12'],
  ['gh/ada/web.js', 'unit', 'ada.web.js+unit+12'],
  // A repository with records of its own under a taken name.
  ['gh/ada/web@4711', 'lead', 'ada.web@4711+lead+12'],
  // One that fits exactly: 38 + 1 + 22 + 3.
  [`gh/ada/${'r'.repeat(34)}`, 'p'.repeat(22), `ada.${'r'.repeat(34)}+${'p'.repeat(22)}+12`],
])('the session of %s, %s', (project, part, name) => {
  expect(nameOf(project, part)).toBe(name)
})

test('a long repository is cut, and still another one than one that begins alike', () => {
  const project = `gh/ada/${'r'.repeat(100)}`
  const name = nameOf(project, 'production')
  expect(name).toMatch(/^ada\.r{39}=[0-9a-f]{6}\+production\+12$/)
  expect(name).toHaveLength(64)
  expect(nameOf(`${project}s`, 'production')).not.toBe(name)
})

test('a long stage is cut as well, and the number of the build never', () => {
  const name = nameOf(`gh/ada/${'r'.repeat(100)}`, `p${'s'.repeat(39)}`, 9_999_999_999)
  expect(name).toMatch(/^ada\.r+=[0-9a-f]{6}\+ps+=[0-9a-f]{6}\+9999999999$/)
  expect(name).toHaveLength(64)
  // A short repository leaves its room.
  expect(nameOf('gh/ada/web', 's'.repeat(40))).toBe(`ada.web+${'s'.repeat(40)}+12`)
})

test('what STS does not allow is replaced, and two such names differ', () => {
  expect(nameOf('gh/ada/web', 'a b')).toMatch(/^ada\.web\+a_b=[0-9a-f]{6}\+12$/)
  expect(nameOf('gh/ada/web', 'a b')).not.toBe(nameOf('gh/ada/web', 'a/b'))
  // Nor does a name with the separators look like another one.
  expect(nameOf('gh/ada/web', 'production+11')).toMatch(/^ada\.web\+production_11=[0-9a-f]{6}\+12$/)
  expect(nameOf('gh/ada/web', 'Grün \u{1F600}')).toMatch(/^ada\.web\+Gr_n_+=[0-9a-f]{6}\+12$/)
})

test('any name is one that STS accepts, and the build stands at its end', () => {
  const text = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: CODE_POINT, maxLength: 200 }))
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 9_999_999_999 }), (repository, part, number) => {
      const name = nameOf(`gh/${repository}`, part, number)
      expect(name).toMatch(/^[\w+=,.@-]{2,64}$/)
      expect(name.split('+')).toHaveLength(3)
      expect(name.split('+')[2]).toBe(String(number))
    }),
  )
})
