/** An element: its name, and its text or children. */
export type Xml = readonly [name: string, content: string | number | boolean | readonly Xml[]]

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Writes a response document. Errors have no namespace, all others have S3's. */
export function writeXml([name, content]: Xml): string {
  const namespace = name === 'Error' ? '' : ` xmlns="${NAMESPACE}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${namespace}>${writeContent(content)}</${name}>`
}

function writeContent(content: Xml[1]): string {
  if (typeof content !== 'object') return escapeText(String(content))
  return content.map(([name, inner]) => `<${name}>${writeContent(inner)}</${name}>`).join('')
}

// Like S3, writes control characters as references. Clients that cannot parse those use encoding-type=url.
const escapeText = (text: string) =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to escape
    /[&<>"\u0000-\u001f\u007f]/g,
    character => ENTITIES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  )
