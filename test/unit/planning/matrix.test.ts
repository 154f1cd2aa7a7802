import fc from 'fast-check'
import { expect, test } from 'vitest'
import { titleOf } from '../../../src/model/job.ts'
import { type Cell, cellsOf, combinationCount } from '../../../src/planning/matrix.ts'

type Matrix = Parameters<typeof cellsOf>[0]
const cells = (matrix: Partial<Matrix>) => cellsOf({ matrix: {}, include: [], exclude: [], ...matrix })

test('a job without a matrix has one cell', () => {
  expect(cells({})).toEqual({ cells: [{}], errors: [] })
})

test('every combination is a cell, the last variable first', () => {
  expect(cells({ matrix: { OS: ['a', 'b'], NODE: ['22', '24'] } }).cells).toEqual([
    { OS: 'a', NODE: '22' },
    { OS: 'a', NODE: '24' },
    { OS: 'b', NODE: '22' },
    { OS: 'b', NODE: '24' },
  ])
})

test('"include" as in the documentation of GitHub Actions', () => {
  const matrix = { fruit: ['apple', 'pear'], animal: ['cat', 'dog'] }
  const include = [
    { color: 'green' },
    { color: 'pink', animal: 'cat' },
    { fruit: 'apple', shape: 'circle' },
    { fruit: 'banana' },
    { fruit: 'banana', animal: 'cat' },
  ]
  expect(cells({ matrix, include })).toEqual({
    cells: [
      { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
      { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
      { fruit: 'pear', animal: 'cat', color: 'pink' },
      { fruit: 'pear', animal: 'dog', color: 'green' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ],
    errors: [],
  })
})

test('"exclude" as in the documentation of GitHub Actions', () => {
  const matrix = {
    os: ['macos', 'windows'],
    version: ['12', '14', '16'],
    environment: ['staging', 'production'],
  }
  const exclude = [
    { os: 'macos', version: '12', environment: 'production' },
    { os: 'windows', version: '16' },
  ]
  const found = cells({ matrix, exclude })
  expect(found.errors).toEqual([])
  expect(found.cells).toHaveLength(9)
  expect(found.cells).not.toContainEqual(exclude[0])
  expect(found.cells.filter(({ os, version }) => os === 'windows' && version === '16')).toEqual([])
})

test('"include" comes after "exclude", and may be all there is', () => {
  const matrix = { A: ['1', '2'] }
  expect(cells({ matrix, exclude: [{ A: '1' }], include: [{ A: '1', B: 'x' }] }).cells).toEqual([
    { A: '2' },
    { A: '1', B: 'x' },
  ])
  expect(cells({ include: [{ A: '1' }, { A: '2', B: 'x' }] }).cells).toEqual([{ A: '1' }, { A: '2', B: 'x' }])
})

test.each<[string, Partial<Matrix>, string]>([
  ['excludes everything', { matrix: { A: ['1'] }, exclude: [{ A: '1' }] }, 'exclude leaves no combination'],
  [
    'excludes nothing',
    { matrix: { A: ['1'] }, exclude: [{ A: '2' }] },
    'exclude[0] excludes nothing: "matrix" has no combination with A=2',
  ],
  [
    'excludes a combination that is none',
    { matrix: { A: ['1', '2'], B: ['3'] }, exclude: [{ A: '1', B: '4' }] },
    'exclude[0] excludes nothing: "matrix" has no combination with A=1, B=4',
  ],
  [
    'excludes by an unknown variable',
    { matrix: { NODE: ['1'] }, exclude: [{ NODES: '1' }] },
    'exclude[0] excludes nothing: "matrix" has no variable "NODES" (did you mean "NODE"?)',
  ],
  [
    'excludes without a matrix',
    { exclude: [{ A: '1' }] },
    'exclude[0] excludes nothing: the job has no "matrix"',
  ],
  [
    'includes what there is',
    { matrix: { A: ['1'], B: ['2'] }, include: [{ B: '2' }] },
    'include[0] changes nothing: "matrix" has B=2 already',
  ],
  [
    'includes the same twice',
    { include: [{ A: '1' }, { A: '1' }] },
    'include gives the combination A=1 twice',
  ],
  [
    'has cells that look the same',
    { include: [{ A: '1, B=2' }, { A: '1', B: '2' }] },
    'include gives the combination A=1, B=2 twice',
  ],
])('a matrix that %s is an error', (_, matrix, expected) => {
  const errors = cells(matrix).errors.map(({ key, text }) => `${key} ${text}`)
  expect(errors.join('\n')).toContain(expected)
})

test('combinations are counted without computing them', () => {
  const values = Array.from({ length: 100 }, (_, at) => String(at))
  const matrix = { A: values, B: values, C: values, D: values, E: values }
  expect(combinationCount({ matrix, include: [], exclude: [] })).toBe(1e10)
})

test('without errors, titles are unique, every part of "exclude" is kept away, and nothing of the matrix is lost', () => {
  const value = fc.constantFrom('1', '2', '3')
  const part = fc.dictionary(fc.constantFrom('A', 'B', 'C'), value, { minKeys: 1, maxKeys: 3 })
  const matrix = fc.dictionary(fc.constantFrom('A', 'B'), fc.uniqueArray(value, { minLength: 1 }), {
    maxKeys: 2,
  })
  const has = (cell: Cell, wanted: Cell) => Object.entries(wanted).every(([key, each]) => cell[key] === each)
  let valid = 0
  fc.assert(
    fc.property(
      matrix,
      fc.array(part, { maxLength: 3 }),
      fc.array(part, { maxLength: 2 }),
      (values, include, exclude) => {
        const found = cells({ matrix: values, include, exclude })
        if (found.errors.length > 0) return
        valid += 1
        const titles = found.cells.map(cell => titleOf({ name: 'x', cell, shard: null }))
        expect(new Set(titles).size).toBe(titles.length)
        expect(titles.length).toBeGreaterThan(0)
        for (const each of include)
          expect(
            found.cells.some(cell => has(cell, each) || Object.keys(each).some(key => !(key in values))),
          ).toBe(true)
        const all = cells({ matrix: values }).cells.filter(
          cell => Object.keys(values).length > 0 && !exclude.some(each => has(cell, each)),
        )
        for (const cell of all) expect(found.cells.some(each => has(each, cell))).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
  expect(valid).toBeGreaterThan(50)
})
