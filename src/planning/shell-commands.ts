import { withoutHeredocs } from './heredocs.ts'

/** A word of a shell command without its quotes, and whether any of it was quoted. */
type Word = { text: string; isQuoted: boolean }

const RESERVED = new Set(['if', 'then', 'else', 'elif', 'do', 'while', 'until', '!', '{', 'time'])
/** Commands that run the command that follows them. */
const WRAPPERS = new Set(['sudo', 'env', 'exec', 'nice', 'nohup', 'command', 'builtin', 'xargs', 'timeout'])
const SHELLS = /^(?:.*\/)?(?:ba|z|da)?sh$/
const MAX_NESTING = 5

/**
 * The simple commands in a script for bash, each as its words: those in pipes, lists, substitutions, and `bash -c`.
 * Assignments and wrappers such as `sudo` in front are left out. It serves notes: it knows no functions and no aliases.
 */
export function shellCommands(script: string, nesting = 0): string[][] {
  const commands = split(withoutHeredocs(script)).map(withoutPrefix)
  const inner = nesting < MAX_NESTING ? commands.flatMap(innerScripts) : []
  return [
    ...commands.filter(words => words.length > 0).map(words => words.map(({ text }) => text)),
    ...inner.flatMap(text => shellCommands(text, nesting + 1)),
  ]
}

/** Scripts that a command passes to a shell: `bash -c 'make'`, `eval make`. */
function innerScripts(words: Word[]): string[] {
  if (words[0]?.text === 'eval')
    return [
      words
        .slice(1)
        .map(({ text }) => text)
        .join(' '),
    ]
  const shell = words.findIndex(({ text, isQuoted }) => !isQuoted && SHELLS.test(text))
  const option = words.findIndex(({ text }, at) => at > shell && /^-[a-z]*c$/.test(text))
  const script = shell < 0 || option < 0 ? undefined : words[option + 1]
  return script === undefined ? [] : [script.text]
}

function withoutPrefix(words: Word[]): Word[] {
  const [first, ...rest] = words
  if (!first) return words
  if (/^[A-Za-z_]\w*\+?=/.test(first.text)) return withoutPrefix(rest)
  if (first.isQuoted) return words
  if (RESERVED.has(first.text)) return withoutPrefix(rest)
  if (!WRAPPERS.has(first.text)) return words
  const next = rest.findIndex(({ text }) => !/^-|^[\d.]+[smhd]?$|^[A-Za-z_]\w*=/.test(text))
  return next < 0 ? words : withoutPrefix(rest.slice(next))
}

/** Splits a script at its operators and words at spaces. Substitutions become separate commands. */
function split(script: string): Word[][] {
  const done: Word[][] = []
  type Open = { words: Word[]; word: Word | null; quote: string; end: string }
  const stack: Open[] = [{ words: [], word: null, quote: '', end: '' }]
  const top = () => stack.at(-1) as Open
  const endWord = () => {
    const open = top()
    if (open.word) open.words.push(open.word)
    open.word = null
  }
  const endCommand = () => {
    endWord()
    done.push(top().words)
    top().words = []
  }
  const add = (text: string, isQuoted = false) => {
    const open = top()
    open.word ??= { text: '', isQuoted: false }
    open.word.text += text
    open.word.isQuoted ||= isQuoted
  }
  for (let at = 0; at < script.length; at++) {
    const character = script.charAt(at)
    const { quote, end, word } = top()
    if (quote === "'") {
      if (character === "'") top().quote = ''
      else add(character, true)
    } else if (character === '\\') {
      at += 1
      if (script[at] !== '\n') add(script.charAt(at), true)
    } else if (script.startsWith('$(', at) || (character === '`' && end !== '`')) {
      add('', quote !== '')
      at += character === '`' ? 0 : 1
      stack.push({ words: [], word: null, quote: '', end: character === '`' ? '`' : ')' })
    } else if (character === '"') {
      top().quote = quote === '"' ? '' : '"'
      add('', true)
    } else if (quote === '"') add(character, true)
    else if (character === end) {
      endCommand()
      stack.pop()
    } else if (character === "'") {
      top().quote = "'"
      add('', true)
    } else if (character === '#' && word === null) {
      while (at + 1 < script.length && script[at + 1] !== '\n') at += 1
    } else if (
      /[;|()\n]/.test(character) ||
      (character === '&' && script[at - 1] !== '>' && script[at + 1] !== '>')
    )
      endCommand()
    else if (/[\s<>]/.test(character)) endWord()
    else add(character)
  }
  while (stack.length > 0) {
    endCommand()
    stack.pop()
  }
  return done
}
