/** A phrase that a native speaker would not write, and what to write instead. */
export type Phrase = { readonly pattern: RegExp; readonly instead: string }

/** A line of a file with such a phrase. */
export type Finding = { readonly line: number; readonly text: string; readonly instead: string }

/** The start of a sentence: of a line of prose, a table cell, a comment or a string, or after a full stop. */
const START = String.raw`(?<=^[ \t]*(?:[-*>] |\d+\. )?|\| |[.!?:] |\/\*\* |\/\/ |# |['"\x60(])`
const atStart = (words: string) => new RegExp(`${START}(?:${words})`, 'gm')

/** Phrases that are found everywhere: in documents, comments, messages and help texts. */
const EVERYWHERE: readonly Phrase[] = [
  { pattern: /\bwho (?:comes|came) from\b/gi, instead: 'users of, from' },
  {
    pattern: atStart(
      String.raw`(?:Who|Whoever|Whatever) (?:(?!do|does|did|is this|are)[a-z]+)\b(?![^.!?]*\?)`,
    ),
    instead: 'put the subject first',
  },
  // A comment may begin with such a clause, as a noun: "What a job needs".
  {
    pattern: /(?<=[a-z)`'\]][.!?:] |['"`]|\/\/ )What (?:(?!do|does|did|is this|are)[a-z]+)\b(?![^.!?]*\?)/g,
    instead: 'put the subject first',
  },
  { pattern: /\bof (?:yours|ours|theirs)\b/gi, instead: 'your own' },
  { pattern: /\bcomes? to be\b/gi, instead: 'is created, becomes' },
  { pattern: /\b(?:is|are|was|were) told of\b/gi, instead: 'is notified of' },
  { pattern: /\bany more\b(?! than)/gi, instead: 'no longer' },
  { pattern: /\bwhoever\b/gi, instead: 'anyone who' },
  { pattern: /\banew\b/gi, instead: 'again' },
  { pattern: /\bin vain\b/gi, instead: 'without result' },
  { pattern: /\b(?:beyond|after|than|of) so many\b|\bso many more\b/gi, instead: 'that many, this many' },
  { pattern: /\bmend(?:s|ed|ing)?\b/gi, instead: 'fix' },
  { pattern: /\bheeds?\b/gi, instead: 'follow, obey' },
  { pattern: /\bthe very same\b/gi, instead: 'the same' },
  { pattern: /\bthat (?:is|are) none\b/gi, instead: 'that does not exist' },
  { pattern: /\bcarr(?:y|ies) [a-z]+ along\b/gi, instead: 'include' },
  { pattern: /\bone's own\b|\bin one's\b/gi, instead: 'your own' },
  { pattern: /\bsees? to it\b/gi, instead: 'ensures' },
  { pattern: /\b(?:thereby|thereof|hereby|whence|lest|albeit)\b/gi, instead: 'plain words' },
  { pattern: atStart(String.raw`Such (?:a|an|are|is)\b`), instead: 'put the subject first' },
  {
    pattern: atStart('So (?:is|are|do|does|did|can|may|must|was|has|have) (?:a|an|the|it|they|its)\\b'),
    instead: 'the same is true of …; … is, too',
  },
  { pattern: /, (?:should|had|were) (?:it|they|one) [a-z]+/g, instead: 'if it …' },
  { pattern: /\bgo(?:es)? on with\b/gi, instead: 'continue with' },
]

/** Phrases that are found only in documents: comments may be terser. */
const IN_DOCUMENTS: readonly Phrase[] = [
  {
    pattern: atStart(String.raw`What (?:(?!do|does|did|is this|are)[a-z]+)\b(?![^.!?]*\?)`),
    instead: 'put the subject first',
  },
  { pattern: /\bbut for\b/gi, instead: 'except for' },
  { pattern: /\bnothing (?:else )?but\b/gi, instead: 'only' },
  { pattern: /, (?:by|with) which\b/gi, instead: 'two sentences' },
  { pattern: /\blies? (?:in|at|on|below|there|elsewhere|beside|under|with)\b/gi, instead: 'is in' },
  { pattern: /\bbeside (?:it|them)\b/gi, instead: 'next to it, as well' },
  { pattern: /\b(?:is|are) (?:an? )?[a-z]+ of (?:its|their) own\b/gi, instead: 'is a separate …' },
  { pattern: /\b(?:has|have) (?:an? )?[a-z]+ of (?:its|their) own\b/gi, instead: 'has its own …' },
  {
    pattern: atStart('Of (?:a|an|the|all|several|these|its|some|commands|jobs|private)\\b'),
    instead: 'put the subject first: "For a …"',
  },
  { pattern: atStart('Nor\\b'), instead: 'a sentence with "not … either"' },
  { pattern: /\bfor ever\b/gi, instead: 'forever' },
  { pattern: /\bdo(?:es)? without\b/gi, instead: 'does not use' },
  { pattern: /\bat the latest\b/gi, instead: 'within …' },
  { pattern: /\bless what\b/gi, instead: 'except what' },
  { pattern: /\bnpx lambci\b/gi, instead: 'lambci: the name is not ours on npm' },
]

const blank = (text: string) => text.replace(/[^\n]/g, ' ')

/** Leaves the comments of shell scripts. Removes all other code, headings, and titles of tests, which follow an angle quote. */
const withoutCode = (markdown: string) =>
  markdown
    .replace(/^( *)```(\w*)\n([\s\S]*?)^ *```/gm, (block, _, language: string) =>
      ['sh', 'bash'].includes(language)
        ? block.replace(/^.*$/gm, (line: string) =>
            line.replace(/^(.*?)(# .*)?$/, (_all, code: string, comment = '') => blank(code) + comment),
          )
        : blank(block),
    )
    .replace(/ › [^|;\n]*/g, blank)
    .replace(/`[^`\n]*`/g, code => `\`${'x'.repeat(code.length - 2)}\``)
    .replace(/^#+ .*$/gm, blank)

/** The stars of a comment's further lines become spaces, so that phrases across lines are found. */
const withoutStars = (source: string) => source.replace(/^( *)\*(?= )/gm, '$1 ')

/** Finds phrases in a Markdown document (`md`) or in the comments and texts of a source. A phrase may span two lines. */
export function findPhrases(text: string, kind: 'md' | 'source'): Finding[] {
  const prose = kind === 'md' ? withoutCode(text) : withoutStars(text)
  const phrases = kind === 'md' ? [...EVERYWHERE, ...IN_DOCUMENTS] : EVERYWHERE
  const findings = phrases.flatMap(({ pattern, instead }) => {
    const acrossLines = new RegExp(
      pattern.source.replaceAll(' ', '\\s+').replaceAll('[\\s+\\t]', '[ \\t]'),
      pattern.flags,
    )
    return [...prose.matchAll(acrossLines)].map(match => ({
      line: prose.slice(0, match.index).split('\n').length,
      text: match[0].replace(/\s+/g, ' '),
      instead,
    }))
  })
  return findings.sort((a, b) => a.line - b.line)
}
