import { expect, test } from 'vitest'
import { STYLE } from '../../../src/pages/style.ts'

/** The values of some properties, without the lengths that are computed. */
const valuesOf = (property: RegExp) =>
  [...STYLE.matchAll(/([a-z-]+): *([^;{}]+)/g)].flatMap(([, name = '', value = '']) =>
    property.test(name) ? [value.trim()] : [],
  )

test('all text has one of five sizes', () => {
  const sizes = ['var(--small)', 'var(--medium)', '1rem', 'var(--large)', 'var(--huge)', 'inherit', '1em']
  const used = [...valuesOf(/^font-size$/), ...valuesOf(/^font$/).map(value => value.split(/[/ ]/)[0] ?? '')]
  expect(used.length).toBeGreaterThan(20)
  expect(used.filter(value => !sizes.includes(value))).toEqual([])
})

test('all space is a multiple of a quarter of the text size, or an eighth', () => {
  const used = valuesOf(/^(margin|padding|gap|row-gap|column-gap)(-[a-z]+)*$/).flatMap(value =>
    value.split(/[\s()]+/).filter(each => /^-?[\d.]+(rem|em|px)?$/.test(each)),
  )
  expect(used.length).toBeGreaterThan(100)
  const isOnScale = (value: string) => {
    const rem = /^([\d.]+)rem$/.exec(value)?.[1]
    return rem === undefined ? /^(0|-?[12]px)$/.test(value) : Number(rem) % 0.25 === 0 || rem === '.125'
  }
  expect(used.filter(value => !isOnScale(value))).toEqual([])
})
