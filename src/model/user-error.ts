import { escapeControls } from './escape-controls.ts'

/**
 * An error for people. Its message says in one or two sentences what happened, where, and what to do next. Callers print only the
 * message; any other error is a bug and is printed with its stack. A text is one line, and a list has one line per text, whatever they
 * quote: their control characters are escaped.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly lines: readonly string[]

  constructor(text: string | readonly string[]) {
    const lines = (typeof text === 'string' ? [text] : text).map(escapeControls)
    super(lines.join('\n'))
    this.lines = lines
  }
}
