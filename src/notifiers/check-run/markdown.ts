import { stripVTControlCharacters } from 'node:util'

/** The limit for one text that others have written, in UTF-16 units. */
const MOST_TEXT = 300
const MOST_LINE = 500

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** One line without control characters, colours, and marks that change the direction of writing. */
export const printable = (text: string, most: number): string => {
  const line = stripVTControlCharacters(text).replace(UNPRINTABLE, ' ').toWellFormed()
  return line.length <= most ? line : `${line.slice(0, most - 1).toWellFormed()}…`
}

/**
 * Text as HTML within Markdown. Every ASCII character except letters, digits and spaces is a numeric reference, which has no meaning in
 * Markdown, in a table, or in HTML. https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references
 */
export const encoded = (text: string) => text.replace(/[!-/:-@[-`{-~]/g, mark => `&#${mark.charCodeAt(0)};`)

/** Text that others have written, in one line. GitHub does not create mentions, references or links within `<code>`. */
export const codeOf = (text: string): string => {
  const line = printable(text, MOST_TEXT).trim()
  return line === '' ? '' : `<code>${encoded(line)}</code>`
}

/** As many of the texts as fit, in order, and the number of those that do not. */
export function fitting(texts: readonly string[], separator: string, most: number) {
  let bytes = 0
  const fits = texts.findIndex(text => {
    bytes += Buffer.byteLength(text) + separator.length
    return bytes > most
  })
  const kept = fits === -1 ? texts : texts.slice(0, fits)
  return { text: kept.join(separator), left: texts.length - kept.length }
}

/**
 * The first lines that others have written, of at most `most` bytes; empty for none. Empty lines are left out, because they may end the
 * HTML around them.
 */
export function blockOf(lines: readonly string[], most: number): string {
  const shown = lines.flatMap(line => encoded(printable(line, MOST_LINE).trimEnd()) || [])
  const { text } = fitting(shown, '\n', most)
  return text === '' ? '' : `<pre>${text}</pre>`
}

/** A link. `html` is our own text, or encoded. */
export const linkTo = (url: string, html: string): string => `<a href="${encoded(url)}">${html}</a>`
