const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/'

export type XmlValue = string | XmlValue[] | { [name: string]: XmlValue }

/** A list becomes `<member>`s, as everywhere in SNS. */
function element(name: string, value: XmlValue): string {
  const inner =
    typeof value === 'string'
      ? escapeXml(value)
      : Array.isArray(value)
        ? value.map(item => element('member', item)).join('')
        : children(value)
  return `<${name}>${inner}</${name}>`
}

const children = (fields: { [name: string]: XmlValue }) =>
  Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join('')

const ENTITIES: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

const escapeXml = (text: string) => text.replace(/[<>&"]/g, character => ENTITIES[character] ?? '')

export const answerXml = (action: string, result: { [name: string]: XmlValue }, requestId: string) =>
  `<${action}Response xmlns="${NAMESPACE}">${element(`${action}Result`, result)}` +
  `${element('ResponseMetadata', { RequestId: requestId })}</${action}Response>`

export const errorXml = (status: number, code: string, message: string, requestId: string) => {
  const error = { Type: status < 500 || status === 501 ? 'Sender' : 'Receiver', Code: code, Message: message }
  return `<ErrorResponse xmlns="${NAMESPACE}">${children({ Error: error, RequestId: requestId })}</ErrorResponse>`
}
