import type { CommandOutput, OutputLines } from '../model/command-output.ts'
import { lastLines } from './last-lines.ts'
import { OutputBlocks } from './output-blocks.ts'
import { type NumberedLines, shownLines } from './shown-lines.ts'

const MIB = 1024 * 1024
/** The parts of an output that are kept, in bytes: an early failure of a test is at its beginning, a summary at its end. */
const HEAD_BYTES = MIB
const TAIL_BYTES = 4 * MIB
/** How much of the end is read for the last lines: more if a progress bar or an endless line fills that. */
const READ_BYTES = [64 * 1024, 512 * 1024, TAIL_BYTES]

/** Keeps the beginning and the end of a command's output, as in the log. Decodes nothing before it is read. */
export class OutputRecorder implements CommandOutput {
  readonly #head = new OutputBlocks()
  readonly #tail = new OutputBlocks()
  /** Whether something between the beginning and the end was dropped. */
  #hasGap = false
  /** The last line of the log with a byte of the output. */
  #lastNumber = 0

  /**
   * @param line how many lines of the log end before the piece
   * @param lineAfter how many end before its end, as far as the log has it
   */
  add(piece: Uint8Array, line: number, lineAfter: number): void {
    if (piece.length === 0) return
    this.#lastNumber = lineAfter + 1
    const isHead = this.#tail.bytes === 0 && this.#head.bytes < HEAD_BYTES
    const blocks = isHead ? this.#head : this.#tail
    blocks.add(piece, line)
    if (!isHead && blocks.dropBefore(TAIL_BYTES)) this.#hasGap = true
  }

  get isEmpty(): boolean {
    return this.#lastNumber === 0
  }

  tail(bytes: number): string {
    return this.#end(bytes).toString()
  }

  lastLines(count: number, width: number): string[] {
    let lines: string[] = []
    for (const bytes of READ_BYTES) {
      const end = this.#end(bytes)
      lines = lastLines(end.toString(), count, width)
      if (end.length < bytes || lines.length === count) break
    }
    return lines
  }

  lines(): OutputLines {
    const parts = this.#parts()
    return {
      texts: parts.flatMap(({ texts }) => texts),
      numberOf: index => {
        let at = index
        for (const { texts, first } of parts) {
          if (at < texts.length) {
            return first + at > this.#lastNumber ? null : first + at
          }
          at -= texts.length
        }
        return null
      },
    }
  }

  #parts(): NumberedLines[] {
    const [head, tail] = [this.#head, this.#tail]
    if (!this.#hasGap) return [shownLines(Buffer.concat([head.end(), tail.end()]), head.line)]
    return [shownLines(head.end(), head.line), shownLines(tail.end(), tail.line, true)]
  }

  #end(bytes: number): Buffer {
    const tail = this.#tail.end(bytes)
    if (tail.length === bytes || this.#hasGap) return tail
    return Buffer.concat([this.#head.end(bytes - tail.length), tail])
  }
}
