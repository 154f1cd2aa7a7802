import type { RE2JS } from 're2js'

/** One instruction of RE2's compiled form, as re2js has it. */
export type Instruction = {
  op: number
  /** Where the program goes on. */
  out: number
  /** The alternative of a branch, the assertions of an empty match, or how a character is compared. */
  arg: number
  /** The characters that it reads: pairs of the first and last, or a single one. */
  runes: ArrayLike<number>
  matchRune(codePoint: number): boolean
}

export type Program = { start: number; numInst(): number; getInst(at: number): Instruction }

/** The steps that a search may still take. Rules are untrusted. */
export type Budget = { steps: number }

// The numbers of re2js. A test compares what they mean here with what re2js matches.
export const OP = {
  branch: [1, 2],
  capture: 3,
  goOn: [3, 7],
  fail: 5,
  assert: 4,
  match: 6,
  firstRune: 8,
  lastRune: 11,
}
const ASSERT = { beginLine: 1, endLine: 2, beginText: 4, endText: 8, wordBoundary: 16, noWordBoundary: 32 }
const FOLD_CASE = 1
const ASCII_SIZE = 0x80
/** Beyond ASCII, the other cases of ASCII letters. */
export const OTHER_CASES = [0x17f, 0x212a]

/** The next part of a name, as far as assertions distinguish it: a character of a word, another character, the end. */
export const AHEAD = [true, false, null]

export const programOf = (regex: RE2JS): Program => (regex.re2() as unknown as { prog: Program }).prog

export const isRune = ({ op }: Pick<Instruction, 'op'>) => op >= OP.firstRune && op <= OP.lastRune

/** The assertions that hold between two characters of a name: whether each is part of a word. Null: no character. */
export function assertionsBetween(before: boolean | null, after: boolean | null): number {
  const isBoundary = (before ?? false) !== (after ?? false)
  return (
    (before === null ? ASSERT.beginLine | ASSERT.beginText : 0) |
    (after === null ? ASSERT.endLine | ASSERT.endText : 0) |
    (isBoundary ? ASSERT.wordBoundary : ASSERT.noWordBoundary)
  )
}

/** The instructions that follow without reading a character, where these assertions hold. */
export function following({ op, out, arg }: Instruction, assertions: number): readonly number[] {
  if (OP.branch.includes(op)) return [out, arg]
  if (OP.goOn.includes(op)) return [out]
  return op === OP.assert && (arg & ~assertions) === 0 ? [out] : []
}

/**
 * Characters beyond ASCII that represent all others: the first of each range, and the first after it. Null if a character stands for its
 * other cases, which are not known, or if that takes too long.
 */
export function boundsOf(program: Program, budget: Budget): readonly number[] | null {
  const bounds = new Set([ASCII_SIZE, ...OTHER_CASES.flatMap(each => [each, each + 1])])
  const seen = new Set<ArrayLike<number>>()
  for (let pc = 0; pc < program.numInst(); pc += 1) {
    const instruction = program.getInst(pc)
    const { runes, arg } = instruction
    budget.steps -= 1
    if (!isRune(instruction) || seen.has(runes)) continue
    seen.add(runes)
    budget.steps -= runes.length
    const isFolded = runes.length === 1 && (arg & FOLD_CASE) !== 0
    if (budget.steps <= 0 || (isFolded && (runes[0] ?? 0) >= ASCII_SIZE)) return null
    const ranges = runes.length === 1 ? [runes[0] ?? 0, runes[0] ?? 0] : Array.from(runes)
    for (const [at, rune] of ranges.entries()) bounds.add(at % 2 === 0 ? rune : rune + 1)
  }
  return [...bounds].filter(rune => rune >= ASCII_SIZE && rune <= 0x10ffff)
}
