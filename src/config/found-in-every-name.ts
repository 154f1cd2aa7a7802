import { isWord, type NameState, nameStates, symbolOf } from './name-automaton.ts'
import {
  AHEAD,
  assertionsBetween,
  type Budget,
  boundsOf,
  following,
  type Instruction,
  isRune,
  OP,
  type Program,
} from './rule-program.ts'

/** A hostile rule takes more, and is accepted. */
const MAX_STEPS = 50_000
const ASCII = Array.from({ length: 0x80 }, (_, codePoint) => codePoint)

/** Whether a pattern is found in every branch name. False if that takes too long to decide. */
export function isFoundInEvery(program: Program): boolean {
  const budget = { steps: MAX_STEPS }
  // For most patterns, there is a short ASCII name without them.
  if (!isFoundInEveryOf(program, ASCII, budget)) return false
  const bounds = boundsOf(program, budget)
  return bounds !== null && isFoundInEveryOf(program, [...ASCII, ...bounds], budget)
}

/** Looks for a name of these characters in which the pattern is not found, the shortest first. */
function isFoundInEveryOf(program: Program, codePoints: readonly number[], budget: Budget): boolean {
  const characters = codePoints.map(codePoint => ({
    codePoint,
    symbol: symbolOf(codePoint),
    kind: AHEAD.indexOf(isWord(codePoint)),
  }))
  const names = nameStates()
  const seen = new Set<string>()
  const open = [{ at: [program.start], name: 0 }]
  for (const { at, name } of open) {
    const state = names[name] as NameState
    const before = name === 0 ? null : state.isAfterWord
    const runes = AHEAD.map(ahead => runesAfter(program, at, assertionsBetween(before, ahead), budget))
    if (state.isEnd && runes[AHEAD.indexOf(null)] !== null) return false
    for (const { codePoint, symbol, kind } of characters) {
      const edge = state.edges.find(({ symbols }) => (symbols & symbol) !== 0)
      const possible = runes[kind] ?? null
      if (!edge || possible === null) continue
      budget.steps -= possible.length + 1
      if (budget.steps <= 0) return false
      const outs = possible.filter(each => each.matchRune(codePoint)).map(({ out }) => out)
      const after = [...new Set([...outs, program.start])].sort((one, other) => one - other)
      const key = `${edge.to} ${after.join()}`
      if (!seen.has(key)) open.push({ at: after, name: edge.to })
      seen.add(key)
    }
  }
  return true
}

/** The instructions that read the next character. Null if the pattern has been found before it. */
function runesAfter(program: Program, at: readonly number[], assertions: number, budget: Budget) {
  const seen = new Set(at)
  const runes: Instruction[] = []
  for (const each of seen) {
    const instruction = program.getInst(each)
    if (instruction.op === OP.match) return null
    if (isRune(instruction)) runes.push(instruction)
    for (const next of following(instruction, assertions)) seen.add(next)
  }
  budget.steps -= seen.size
  return runes
}
