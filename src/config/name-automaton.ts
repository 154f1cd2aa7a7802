/** Text that names of branches never contain, and the reason to give for a rule that requires it. */
export type NameRule = { forbidden: readonly string[]; reason: string }

/** Before the first and after the last character. No symbol stands for it. */
const EDGE = '\0'
/** Stands for all control characters. */
const CONTROL = '\u0001'
/** Stand for all other characters: letters, digits and underscores; all the rest. */
const [WORD, REST] = ['x', '!']

const character = (text: string): NameRule => ({
  forbidden: [text],
  reason: `no name contains ${JSON.stringify(text)}`,
})

/** The rules of `isBranchName` (model/ref-name.ts), which a test compares. They do not include the length. */
export const NAME_RULES: readonly NameRule[] = [
  { forbidden: [' '], reason: 'no name contains a space' },
  ...[...'~^:?*[\\'].map(character),
  { forbidden: [CONTROL], reason: 'no name contains a tab, a line break or another control character' },
  { forbidden: [`${EDGE}refs/`], reason: 'rules see its name without "refs/heads/"' },
  { forbidden: [`${EDGE}/`, `/${EDGE}`], reason: 'no name begins or ends with "/"' },
  { forbidden: ['//'], reason: 'no name contains "//"' },
  { forbidden: ['..'], reason: 'no name contains ".."' },
  { forbidden: ['@{'], reason: 'no name contains "@{"' },
  { forbidden: [`${EDGE}.`, '/.'], reason: 'no name begins with ".", and no part of it' },
  { forbidden: [`.${EDGE}`], reason: 'no name ends with "."' },
  { forbidden: [`.lock${EDGE}`, '.lock/'], reason: 'no name ends with ".lock", and no part of it' },
  { forbidden: [`${EDGE}-`], reason: 'no name begins with "-"' },
  { forbidden: [`${EDGE}${EDGE}`], reason: 'no name is empty' },
]

/** The characters that some rule mentions, and one for each kind of the others. */
const SYMBOLS = [
  ...new Set([...NAME_RULES.flatMap(({ forbidden }) => [...forbidden.join('')]), WORD, REST]),
].filter(symbol => symbol !== EDGE)

/** Symbols are bits, so that a number is a set of them. */
const bitOf = (symbol: string) => 1 << SYMBOLS.indexOf(symbol)
export const ALL_SYMBOLS = SYMBOLS.reduce((all, symbol) => all | bitOf(symbol), 0)

/** Whether `\b` counts a character among those of words. */
export const isWord = (codePoint: number) => codePoint < 0x80 && /^\w$/.test(String.fromCodePoint(codePoint))

/** The symbol that stands for a character. */
export function symbolOf(codePoint: number): number {
  const text = String.fromCodePoint(codePoint)
  if (SYMBOLS.includes(text)) return bitOf(text)
  if (codePoint < 0x20 || codePoint === 0x7f) return bitOf(CONTROL)
  return bitOf(isWord(codePoint) ? WORD : REST)
}

export type NameState = {
  /** The symbols with which a name continues, and the state that follows. Word characters are separate from other symbols. */
  edges: readonly { symbols: number; isWord: boolean; to: number }[]
  /** Whether a name can end here. */
  isEnd: boolean
  isAfterWord: boolean
}

const known = new Map<NameRule | null, readonly NameState[]>()

/**
 * The states of the names that branches can have, or could if a rule did not hold, read symbol by symbol. The first is the initial state.
 */
export function nameStates(except: NameRule | null = null): readonly NameState[] {
  const states = known.get(except) ?? statesFor(NAME_RULES.filter(rule => rule !== except))
  known.set(except, states)
  return states
}

/** The states of any text. */
export const textStates = () => statesFor([])

function statesFor(rules: readonly NameRule[]): readonly NameState[] {
  const forbidden = rules.flatMap(rule => rule.forbidden)
  const prefixes = new Set(['', ...forbidden.flatMap(text => [...text].map((_, end) => text.slice(0, end)))])
  // A state is the longest end of the text that may grow into something forbidden (Aho and Corasick).
  const stateAfter = (text: string): string | null => {
    if (forbidden.some(each => text.endsWith(each))) return null
    return prefixes.has(text) ? text : stateAfter(text.slice(1))
  }
  const found = [{ text: stateAfter(EDGE) ?? '', isAfterWord: false }]
  const indexOf = (text: string, isAfterWord: boolean) => {
    const at = found.findIndex(
      (each, index) => index > 0 && each.text === text && each.isAfterWord === isAfterWord,
    )
    return at < 0 ? found.push({ text, isAfterWord }) - 1 : at
  }
  const states: NameState[] = []
  for (const { text, isAfterWord } of found) {
    const edges = new Map<number, { symbols: number; isWord: boolean; to: number }>()
    for (const symbol of SYMBOLS) {
      const longer = stateAfter(text + symbol)
      if (longer === null) continue
      const isOfWord = isWord(symbol.codePointAt(0) ?? 0)
      const to = indexOf(longer, isOfWord)
      edges.set(to, { symbols: (edges.get(to)?.symbols ?? 0) | bitOf(symbol), isWord: isOfWord, to })
    }
    states.push({ edges: [...edges.values()], isEnd: stateAfter(text + EDGE) !== null, isAfterWord })
  }
  return states
}
