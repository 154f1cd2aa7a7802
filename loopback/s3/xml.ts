/** An element: its name, and its text or its children. */
export type Xml = readonly [name: string, content: string | number | boolean | readonly Xml[]]

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** The document of an answer. Errors carry no namespace, everything else S3's. */
export function writeXml([name, content]: Xml): string {
  const namespace = name === 'Error' ? '' : ` xmlns="${NAMESPACE}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${namespace}>${writeContent(content)}</${name}>`
}

function writeContent(content: Xml[1]): string {
  if (typeof content !== 'object') return escapeText(String(content))
  return content.map(([name, inner]) => `<${name}>${writeContent(inner)}</${name}>`).join('')
}

// Like S3, control characters are written as references: clients that can't read those ask for encoding-type=url.
const escapeText = (text: string) =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to escape
    /[&<>"\u0000-\u001f\u007f]/g,
    character => ENTITIES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  )
