const ESC = '\u001b'
/** No colour has longer parameters. */
const MOST_PARAMETERS = 128
/** Control characters except tab, line feed and carriage return, including those of 8-bit encodings (C1). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: matching control characters is the purpose
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g
/** Characters that end the text of an operating system command and the like: BEL, CAN, SUB, ESC, ST, and line breaks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: matching control characters is the purpose
const STRING_END = /[\u0007\n\r\u0018\u001a\u001b\u009c]/g
/** The beginning of each line of the runner. */
const RUNNER_MARK = '▸'
const COLOUR = /^[0-9;:]*$/
const RESET = /^[0;]*$/

/** Between sequences, after ESC, in a control sequence, after ESC and blanks or punctuation, or in the text of a command. */
type State = 'text' | 'escape' | 'control-sequence' | 'charset' | 'string'

/**
 * Passes on a text that others have written so that it cannot control the terminal. Colours and other styles are kept. All other escape
 * sequences (ECMA-48) are left out, such as links, titles, the clipboard and cursor movements. Other control characters and bytes that
 * are not UTF-8 become visible. Styles end before a line of the runner. Takes bytes cut anywhere.
 */
export class TerminalFilter {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #state: State = 'text'
  #parameters = ''
  #isStyled = false
  #beginsLine = true

  push(bytes: Uint8Array): string {
    return this.#filter(this.#decoder.decode(bytes, { stream: true }))
  }

  /** Returns the rest of the last character. The next push starts without style and outside of any sequence. */
  end(): string {
    const rest = this.#filter(this.#decoder.decode())
    const reset = this.#isStyled ? `${ESC}[0m` : ''
    this.#state = 'text'
    this.#isStyled = false
    this.#beginsLine = true
    return rest + reset
  }

  #filter(text: string): string {
    let passed = ''
    for (let at = 0; at < text.length; ) {
      if (this.#state === 'text') {
        const end = indexOf(CONTROL, text, at)
        passed += this.#plain(text.slice(at, end))
        const control = text[end] ?? ''
        if (control === ESC) this.#state = 'escape'
        else passed += this.#plain(visible(control))
        at = end + 1
      } else if (this.#state === 'string') {
        const end = indexOf(STRING_END, text, at)
        const terminator = text[end] ?? ''
        if (terminator !== '') this.#state = terminator === ESC ? 'escape' : 'text'
        // A line break ends the text and stays part of the output.
        at = terminator === '\n' || terminator === '\r' ? end : end + 1
      } else {
        const { isPart, output } = this.#step(text[at] as string)
        passed += output
        if (isPart) at += 1
      }
    }
    return passed
  }

  /** Text without controls. A style that a command left open ends before a line of the runner. */
  #plain(text: string): string {
    if (text === '') return text
    const isAtMark = this.#beginsLine && text.startsWith(RUNNER_MARK)
    this.#beginsLine = text.endsWith('\n')
    const at = isAtMark ? 0 : text.indexOf(`\n${RUNNER_MARK}`) + 1
    if (!this.#isStyled || (at === 0 && !isAtMark)) return text
    this.#isStyled = false
    return `${text.slice(0, at)}${ESC}[0m${text.slice(at)}`
  }

  /** A character after ESC. If it is not part of the sequence, the sequence has ended and the character is text. */
  #step(character: string): { isPart: boolean; output: string } {
    if (this.#state === 'control-sequence') return this.#stepInControlSequence(character)
    if (character >= ' ' && character <= '/') this.#state = 'charset'
    else if (this.#state === 'escape' && character === '[') {
      this.#state = 'control-sequence'
      this.#parameters = ''
    } else if (this.#state === 'escape' && ']PX^_'.includes(character)) this.#state = 'string'
    else {
      this.#state = 'text'
      return { isPart: character >= '0' && character <= '~', output: '' }
    }
    return { isPart: true, output: '' }
  }

  #stepInControlSequence(character: string): { isPart: boolean; output: string } {
    if (character >= ' ' && character <= '?') {
      if (this.#parameters.length <= MOST_PARAMETERS) this.#parameters += character
      return { isPart: true, output: '' }
    }
    this.#state = 'text'
    const isPart = character >= '@' && character <= '~'
    const parameters = this.#parameters
    const isColour = character === 'm' && COLOUR.test(parameters) && parameters.length <= MOST_PARAMETERS
    if (isColour) this.#isStyled = !RESET.test(parameters)
    return { isPart, output: isColour ? `${ESC}[${parameters}m` : '' }
  }
}

function indexOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? text.length
}

/** Unicode's symbol for a control character. */
function visible(control: string): string {
  if (control === '') return ''
  const code = control.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '\u2421' : '\ufffd'
}
