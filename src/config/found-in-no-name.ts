import {
  ALL_SYMBOLS,
  NAME_RULES,
  type NameState,
  nameStates,
  symbolOf,
  textStates,
} from './name-automaton.ts'
import {
  AHEAD,
  assertionsBetween,
  type Budget,
  following,
  type Instruction,
  isRune,
  OP,
  OTHER_CASES,
  type Program,
} from './rule-program.ts'

/** A hostile rule takes more, and is accepted. */
const MAX_STEPS = 50_000
/** The limit for finding the reason. Without a reason, a rule is still refused. */
const MAX_REASON_STEPS = 20_000
/** In characters: a longer name is not a ref (model/ref-name.ts). */
const MAX_LENGTH = 1013
const ASCII = Array.from({ length: 0x80 }, (_, codePoint) => codePoint)
const ASCII_SYMBOLS = ASCII.map(symbolOf)

/**
 * Why a pattern is not found in any branch name, as the rest of a sentence. Null if it is found in some, or if that takes too long to
 * tell.
 */
export function explainFoundInNone(program: Program): string | null {
  const symbolsAt = symbolsIn(program)
  if (isFoundInSome({ program, symbolsAt, budget: { steps: MAX_STEPS } }, nameStates())) return null
  const search = { program, symbolsAt, budget: { steps: MAX_REASON_STEPS } }
  const broken = NAME_RULES.find(rule => isFoundInSome(search, nameStates(rule)))
  const isContradiction = !broken && program.numInst() < MAX_LENGTH && !isFoundInSome(search, textStates())
  if (search.budget.steps <= 0) return 'git allows no such name'
  return broken?.reason ?? (isContradiction ? 'no text matches it' : 'git allows no such name')
}

type Search = { program: Program; symbolsAt: (at: number) => number; budget: Budget }

/**
 * Runs the program on all names at once: it walks a graph whose nodes are an instruction, the state of a name, and what
 * comes next in that name.
 */
function isFoundInSome({ program, symbolsAt, budget }: Search, names: readonly NameState[]): boolean {
  const size = program.numInst()
  // Before the pattern begins, and after it has been found, any characters follow.
  const [before, found] = [size, size + 1]
  const seen = new Set<number>()
  const positions = [before * names.length]
  const reached = new Set(positions)

  /** Continues from an instruction until a character is read. True if a name ends where the pattern has been found. */
  const visit = (position: number, ahead: boolean | null, kind: number): boolean => {
    const name = position % names.length
    const state = names[name] as NameState
    const assertions = assertionsBetween(name === 0 ? null : state.isAfterWord, ahead)
    const open = [(position - name) / names.length]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const node = (at * names.length + name) * AHEAD.length + kind
      if (seen.has(node)) continue
      seen.add(node)
      budget.steps -= 1
      if (budget.steps <= 0 || (at === found && ahead === null && state.isEnd)) return true
      const instruction = at < size ? program.getInst(at) : null
      if (at === before) open.push(program.start)
      else if (instruction?.op === OP.match) open.push(found)
      else if (instruction) open.push(...following(instruction, assertions))
      const symbols = symbolsAt(at)
      for (const edge of state.edges) {
        if (edge.isWord !== ahead || (edge.symbols & symbols) === 0) continue
        const next = (instruction?.out ?? at) * names.length + edge.to
        if (!reached.has(next)) positions.push(next)
        reached.add(next)
      }
    }
    return false
  }

  // Positions of the same length follow one another, so the shortest name comes first.
  let [length, end] = [0, positions.length]
  for (const [at, position] of positions.entries()) {
    if (at === end) [length, end] = [length + 1, positions.length]
    if (length > MAX_LENGTH) return false
    if (AHEAD.some((ahead, kind) => visit(position, ahead, kind))) return true
  }
  return false
}

/** The symbols with which a name continues at an instruction, or outside of the program. */
function symbolsIn(program: Program) {
  const known = new Map<number, number>()
  return (at: number): number => {
    const symbols =
      known.get(at) ?? (at < program.numInst() ? symbolsMatchedBy(program.getInst(at)) : ALL_SYMBOLS)
    known.set(at, symbols)
    return symbols
  }
}

/** The symbols that stand for at least one character that an instruction matches. */
function symbolsMatchedBy(instruction: Instruction): number {
  if (!isRune(instruction)) return 0
  const { runes } = instruction
  const isBeyondAscii =
    (runes[runes.length - 1] ?? 0) >= ASCII.length || OTHER_CASES.some(each => instruction.matchRune(each))
  return ASCII.filter(codePoint => instruction.matchRune(codePoint)).reduce(
    (symbols, codePoint) => symbols | (ASCII_SYMBOLS[codePoint] ?? 0),
    isBeyondAscii ? symbolOf(ASCII.length) : 0,
  )
}
