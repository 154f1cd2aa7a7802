export type XmlValue = string | XmlValue[] | { [name: string]: XmlValue }

type ResponseContext = { namespace: string; requestId: string }

/** Lists are written as `<member>` elements. */
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

export const responseXml = (
  action: string,
  result: { [name: string]: XmlValue },
  { namespace, requestId }: ResponseContext,
) =>
  `<${action}Response xmlns="${namespace}">${element(`${action}Result`, result)}` +
  `${element('ResponseMetadata', { RequestId: requestId })}</${action}Response>`

type Fault = { status: number; code: string; message: string }

export const errorXml = ({ status, code, message }: Fault, { namespace, requestId }: ResponseContext) => {
  const error = { Type: status < 500 || status === 501 ? 'Sender' : 'Receiver', Code: code, Message: message }
  return `<ErrorResponse xmlns="${namespace}">${children({ Error: error, RequestId: requestId })}</ErrorResponse>`
}
