import { entriesOf, type Query } from '../aws-query/query.ts'
import { notImplemented, QueryError } from '../aws-query/query-error.ts'
import { invalidParameter } from './sns-error.ts'

/** Binary values stay in base64, the form that subscribers receive. */
export type MessageAttribute = { Type: string; Value: string }
export type Message = {
  subject: string | null
  text: string
  attributes: Record<string, MessageAttribute>
}

/** Bytes of text and attributes. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const SIZE_LIMIT = 256 * 1024
const ATTRIBUTE_NAME = /^(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/
const ATTRIBUTE_TYPE = /^(?:String(?:\.Array)?|Number|Binary)(?:\.[A-Za-z0-9_.-]+)?$/
/** One line of printable ASCII that does not start with a space. */
const SUBJECT = /^[!-~][ -~]{0,99}$/

/** @throws QueryError InvalidParameter or ParameterValueInvalid, as SNS does. */
export function parseMessage(query: Query): Message {
  if (query.has('MessageStructure')) throw notImplemented('MessageStructure')
  const text = query.get('Message') ?? ''
  if (text === '') throw invalidParameter('Empty message')
  const subject = query.get('Subject') ?? null
  if (subject !== null && !SUBJECT.test(subject)) throw invalidParameter('Subject')
  const attributes = Object.fromEntries(entriesOf(query, 'MessageAttributes').map(parseAttribute))
  if (sizeOf(text, attributes) > SIZE_LIMIT) throw invalidParameter('Message too long')
  return { subject, text, attributes }
}

function parseAttribute(entry: Map<string, string>): [string, MessageAttribute] {
  const [name = '', type = ''] = [entry.get('Name'), entry.get('Value.DataType')]
  const value = entry.get(type.startsWith('Binary') ? 'Value.BinaryValue' : 'Value.StringValue')
  const invalid = (reason: string) =>
    new QueryError(400, 'ParameterValueInvalid', `The message attribute '${name}' ${reason}`)
  if (!ATTRIBUTE_NAME.test(name)) throw invalid('has an invalid name')
  if (!ATTRIBUTE_TYPE.test(type)) throw invalid(`has the type '${type}', which does not exist`)
  if (!value) throw invalid(`must have a non-empty value of type ${type}`)
  if (type.startsWith('Number') && !Number.isFinite(Number(value))) throw invalid('is not a number')
  return [name, { Type: type, Value: value }]
}

function sizeOf(text: string, attributes: Record<string, MessageAttribute>) {
  const parts = Object.entries(attributes).flatMap(([name, { Type, Value }]) => [
    Buffer.byteLength(name),
    Buffer.byteLength(Type),
    Type.startsWith('Binary') ? Buffer.from(Value, 'base64').length : Buffer.byteLength(Value),
  ])
  return parts.reduce((sum, size) => sum + size, Buffer.byteLength(text))
}
