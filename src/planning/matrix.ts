import type { JobConfig } from '../config/jobs/job-config.ts'
import { quote } from '../config/key-path.ts'
import { suggestNearest } from '../config/nearest.ts'
import { titleOf } from '../model/job.ts'

export type Cell = Readonly<Record<string, string>>
type Matrix = Pick<JobConfig, 'matrix' | 'include' | 'exclude'>

/** An error in a key of a job. `text` follows the path of the key. */
export type JobError = { key: string; text: string }

/** The most combinations that the matrices of a file may have before `exclude`. */
export const MOST_COMBINATIONS = 4096

/** How many combinations a matrix has before `exclude`, without computing them. */
export const combinationCount = ({ matrix }: Matrix): number =>
  Object.values(matrix).reduce((count, values) => count * values.length, 1)

/**
 * The cells of a matrix. As in GitHub Actions, `exclude` comes first, and a part of a combination stands for all that have it; then each
 * of `include` is added to the combinations whose values it does not change, or else becomes a new combination. A job without a matrix
 * has one empty cell. A setting without effect is an error.
 */
export function cellsOf({ matrix, include, exclude }: Matrix): { cells: Cell[]; errors: JobError[] } {
  const variables = Object.keys(matrix)
  const all = variables.length === 0 ? [] : productOf(matrix)
  const excluded = exclude.map(matcherOf)
  const errors = exclude.flatMap((part, at) => excludeErrors(part, at, { variables, all }))
  const originals = all
    .filter(cell => !excluded.some(isExcluded => isExcluded(cell)))
    .map(cell => ({ cell, added: {} as Record<string, string> }))
  const further: Cell[] = []
  for (const [at, part] of include.entries()) {
    const shared = pickKeys(part, key => variables.includes(key))
    const added = pickKeys(part, key => !variables.includes(key))
    const fits = matcherOf(shared)
    const fitting = originals.filter(({ cell }) => fits(cell))
    if (fitting.length === 0) further.push(part)
    else if (Object.keys(added).length === 0)
      errors.push({
        key: `include[${at}]`,
        text: `changes nothing: "matrix" has ${describeCell(part)} already`,
      })
    for (const each of fitting) Object.assign(each.added, added)
  }
  const cells = [...originals.map(({ cell, added }) => ({ ...cell, ...added })), ...further]
  if (variables.length === 0 && include.length === 0) return { cells: errors.length > 0 ? [] : [{}], errors }
  if (cells.length === 0)
    errors.push({ key: 'exclude', text: 'leaves no combination: the job would never run' })
  return { cells, errors: [...errors, ...twiceErrors(cells)] }
}

const productOf = (matrix: Matrix['matrix']): Cell[] =>
  Object.entries(matrix).reduce<Cell[]>(
    (cells, [variable, values]) =>
      cells.flatMap(cell => values.map(value => ({ ...cell, [variable]: value }))),
    [{}],
  )

/** Tells whether a cell has the values of a part. */
function matcherOf(part: Cell): (cell: Cell) => boolean {
  const entries = Object.entries(part)
  return cell => entries.every(([variable, value]) => cell[variable] === value)
}

const pickKeys = (cell: Cell, isPicked: (key: string) => boolean): Cell =>
  Object.fromEntries(Object.entries(cell).filter(([key]) => isPicked(key)))

function excludeErrors(
  part: Cell,
  at: number,
  { variables, all }: { variables: readonly string[]; all: readonly Cell[] },
): JobError[] {
  const key = `exclude[${at}]`
  if (variables.length === 0) return [{ key, text: 'excludes nothing: the job has no "matrix"' }]
  const unknown = Object.keys(part).find(variable => !variables.includes(variable))
  if (unknown !== undefined) {
    const text = `excludes nothing: "matrix" has no variable ${quote(unknown)}${suggestNearest(unknown, variables)}`
    return [{ key, text }]
  }
  return all.some(matcherOf(part))
    ? []
    : [{ key, text: `excludes nothing: "matrix" has no combination with ${describeCell(part)}` }]
}

/** Titles distinguish jobs, so two cells must not look the same either. */
function twiceErrors(cells: readonly Cell[]): JobError[] {
  const titles = new Set<string>()
  const twice = cells.find(cell => {
    const title = describeCell(cell)
    const isKnown = titles.has(title)
    titles.add(title)
    return isKnown
  })
  return twice ? [{ key: 'include', text: `gives the combination ${describeCell(twice)} twice` }] : []
}

/** `NODE=22, OS=linux`. */
const describeCell = (cell: Cell) => titleOf({ name: '', cell, shard: null }).slice(2, -1)
