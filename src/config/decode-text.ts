import { UserError } from '../model/user-error.ts'

/**
 * The text of a configuration file. A byte order mark is kept.
 * @throws UserError that names the encoding if it is not UTF-8
 */
export function decodeText(file: string, bytes: Uint8Array): string {
  const error = encodingError(bytes)
  if (error !== null) throw new UserError(`${file} ${error}. ${SAVE_AS_UTF8}`)
  return Buffer.from(bytes).toString('utf8')
}

export const SAVE_AS_UTF8 = 'Save it as UTF-8.'

/** Why bytes are not UTF-8, as the end of a sentence. Null if they are. */
export function encodingError(bytes: Uint8Array): string | null {
  const encoding = otherEncoding(bytes)
  if (encoding !== null) return `is encoded in ${encoding}`
  const at = invalidByte(bytes)
  if (at === null) return null
  const line = Buffer.from(bytes.subarray(0, at)).toString('latin1').split('\n').length
  const byte = bytes[at]?.toString(16).toUpperCase().padStart(2, '0')
  return `is not valid UTF-8: line ${line} has the byte 0x${byte}`
}

/** Recognises UTF-16 and UTF-32 by their byte order mark or, in a text that begins with ASCII, by its zero bytes. */
function otherEncoding(bytes: Uint8Array): string | null {
  const [a, b, c, d] = bytes
  const zeros = [a, b, c, d].map(byte => (byte === 0 ? '0' : byte === undefined ? '' : 'x')).join('')
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || zeros === 'x000') return 'UTF-32'
  if ((a === 0 && b === 0 && c === 0xfe && d === 0xff) || zeros === '000x') return 'UTF-32'
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'UTF-16'
  return ['x0x0', '0x0x', 'x0', '0x'].includes(zeros) ? 'UTF-16' : null
}

/** The offset of the first byte that is not UTF-8. */
function invalidByte(bytes: Uint8Array): number | null {
  const isValid = (length: number, stream: boolean) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream })
      return true
    } catch {
      return false
    }
  }
  if (isValid(bytes.length, false)) return null
  // A prefix is valid until it contains the byte, so a binary search finds the byte.
  let [valid, invalid] = [0, bytes.length + 1]
  while (invalid - valid > 1) {
    const middle = Math.floor((valid + invalid) / 2)
    if (isValid(middle, true)) valid = middle
    else invalid = middle
  }
  return Math.min(valid, bytes.length - 1)
}
