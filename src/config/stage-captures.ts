import { type Instruction, isRune, OP, type Program } from './rule-program.ts'

/** A group of a rule that is used in the name of a stage. */
export type Captures = {
  group: number
  /** Whether the name begins with what it captures. */
  isFirst: boolean
  mayBeEmpty: boolean
}

/**
 * Copies of the program. The last capture of a group counts: before any capture, after one that does not count, at the beginning of the
 * one that does, within it, and after it.
 */
const [UNSET, EARLIER, BEGIN, WITHIN, AFTER] = [0, 1, 2, 3, 4]
const COPIES = 5

/** The program for the names in which a group captures text that the name of a stage can have there. */
export function capturesOnly(program: Program, { group, isFirst, mayBeEmpty }: Captures): Program {
  const size = program.numInst()

  const instructionAt = (at: number): Instruction => {
    const copy = Math.floor(at / size)
    const instruction = program.getInst(at % size)
    const { op, arg, out } = instruction
    const isCaptured = copy === BEGIN || copy === WITHIN
    if (op === OP.match) return copy === AFTER || (copy === UNSET && mayBeEmpty) ? instruction : FAIL
    if (op === OP.capture && arg === 2 * group) {
      if (copy === AFTER) return FAIL
      return {
        ...instruction,
        op: OP.branch[0] as number,
        out: out + EARLIER * size,
        arg: out + BEGIN * size,
      }
    }
    if (op === OP.capture && arg === 2 * group + 1 && isCaptured)
      return copy === BEGIN && !mayBeEmpty ? FAIL : { ...instruction, out: out + AFTER * size }
    if (isRune(instruction) && isCaptured)
      return limited(instruction, copy === BEGIN && isFirst ? /^[a-z]$/ : /^[a-z0-9-]$/, WITHIN * size)
    return copied(instruction, copy * size)
  }
  return { start: program.start, numInst: () => size * COPIES, getInst: instructionAt }
}

const FAIL: Instruction = { op: OP.fail, out: 0, arg: 0, runes: [], matchRune: () => false }

const copied = (instruction: Instruction, offset: number): Instruction => ({
  ...instruction,
  out: instruction.out + offset,
  arg: OP.branch.includes(instruction.op) ? instruction.arg + offset : instruction.arg,
  matchRune: codePoint => instruction.matchRune(codePoint),
})

const limited = (instruction: Instruction, pattern: RegExp, offset: number): Instruction => ({
  ...copied(instruction, offset),
  runes: [],
  matchRune: codePoint => pattern.test(String.fromCodePoint(codePoint)) && instruction.matchRune(codePoint),
})
