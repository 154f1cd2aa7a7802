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
const MAX_STEPS = 200_000
/** In characters: a longer name is no ref (model/ref-name.ts). */
const MAX_LENGTH = 1013
const ASCII = Array.from({ length: 0x80 }, (_, codePoint) => codePoint)
const ASCII_SYMBOLS = ASCII.map(symbolOf)

/**
 * Why a pattern is found in no name of a branch, as the rest of a sentence. Null if it is found in some, or if that takes
 * too long to tell.
 */
export function explainFoundInNone(program: Program): string | null {
  const search = { program, symbolsAt: symbolsIn(program), budget: { steps: MAX_STEPS } }
  if (isFoundInSome(search, nameStates())) return null
  const broken = NAME_RULES.find(rule => isFoundInSome(search, nameStates(rule)))
  const isKnown = search.budget.steps > 0
  if (isKnown && broken) return broken.reason
  const isShort = program.numInst() < MAX_LENGTH
  return isKnown && isShort && !isFoundInSome(search, textStates())
    ? 'no text matches it'
    : 'git allows no such name'
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
  const longer = new Set<number>()

  /** Goes on from an instruction until a character is read. True if a name ends where the pattern has been found. */
  const visit = (from: number, name: number, ahead: boolean | null): boolean => {
    const state = names[name] as NameState
    const assertions = assertionsBetween(name === 0 ? null : state.isAfterWord, ahead)
    const edges = state.edges.filter(edge => edge.isWord === ahead)
    const open = [from]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const node = (at * names.length + name) * AHEAD.length + AHEAD.indexOf(ahead)
      if (seen.has(node)) continue
      seen.add(node)
      budget.steps -= 1
      if (budget.steps <= 0 || (at === found && ahead === null && state.isEnd)) return true
      const instruction = at < size ? program.getInst(at) : null
      if (at === before) open.push(program.start)
      else if (instruction?.op === OP.match) open.push(found)
      else if (instruction) open.push(...following(instruction, assertions))
      const symbols = symbolsAt(at)
      const next = edges.filter(edge => (edge.symbols & symbols) !== 0)
      for (const { to } of next) longer.add((instruction?.out ?? at) * names.length + to)
    }
    return false
  }

  let positions = [before * names.length]
  for (let length = 0; positions.length > 0 && length <= MAX_LENGTH; length += 1) {
    for (const position of positions) {
      const name = position % names.length
      if (AHEAD.some(ahead => visit((position - name) / names.length, name, ahead))) return true
    }
    positions = [...longer]
    longer.clear()
  }
  return false
}

/** The symbols by which a name goes on at an instruction, or outside of the program. */
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
