/** A web address in a text, from one offset to another. */
export type WebLink = { from: number; to: number; href: string }

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\\^{|}\u2026]+/gi
/** Longer addresses are not linked: nobody can see where they lead. */
const MAX_LENGTH = 2000
/** At the end, it belongs to the sentence and not to the address. */
const PUNCTUATION = /[.,:;!?*_~]$/
/** A closing bracket belongs to the address if the address opens it. */
const BRACKETS = new Map([
  [')', '('],
  [']', '['],
])

/**
 * Finds web addresses in a line of a log, which anyone may have written. An address with a user name is left out, because it can look
 * like that of another server. So is one in which a secret was masked, because it leads nowhere.
 */
export function findWebLinks(text: string): WebLink[] {
  if (!text.includes('://')) return []
  return [...text.matchAll(ADDRESS)].flatMap(({ 0: found, index: from }) => {
    if (found.length > MAX_LENGTH || found.includes('***')) return []
    const address = withoutEnd(found)
    if (!URL.canParse(address)) return []
    const { username, password, host, href } = new URL(address)
    return username || password || host === '' ? [] : [{ from, to: from + address.length, href }]
  })
}

function withoutEnd(address: string): string {
  const last = address.at(-1) ?? ''
  const opening = BRACKETS.get(last)
  const isEnd = opening ? countOf(address, opening) < countOf(address, last) : PUNCTUATION.test(address)
  return isEnd ? withoutEnd(address.slice(0, -1)) : address
}

const countOf = (text: string, character: string) => text.split(character).length - 1
