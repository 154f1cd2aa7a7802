/** In bytes, as JSON. A record may have hundreds of reasons. */
export const REASON_BYTES = 165

/** Shortens a reason, so that it fits into the state of a job. */
export const shortReason = (reason: string) => shortenBytes(reason, REASON_BYTES)

const ELLIPSIS = '…'

/** Shortens a text to this many bytes, as they are counted in JSON. Halves of characters are replaced. */
export function shortenBytes(text: string, limit: number): string {
  // Every character has at least one byte.
  const characters = [...text.slice(0, limit + 1).toWellFormed()]
  if (text.length <= limit && bytesOf(characters.join('')) <= limit) return characters.join('')
  const room = limit - bytesOf(ELLIPSIS)
  let used = 0
  const end = characters.findIndex(each => {
    used += bytesOf(each)
    return used > room
  })
  return `${characters.slice(0, end).join('')}${ELLIPSIS}`
}

/** In JSON, without quotes. */
const bytesOf = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2
