/**
 * Makes control characters visible, so that a branch name can neither forge a line, nor send escape sequences to a
 * terminal, nor reverse the direction of text (Unicode's bidirectional controls, UAX #9).
 */
export function escapeControls(text: string): string {
  return text.toWellFormed().replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: matching control characters is the purpose
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    char => NAMED.get(char) ?? hexEscape(char),
  )
}

const NAMED = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

function hexEscape(char: string): string {
  const hex = char.charCodeAt(0).toString(16)
  return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`
}
