import type * as z from 'zod'
import { Fault } from './faults.ts'

export type Element = { name: string; text: string; children: Element[] }

const NAME = /^[A-Za-z][A-Za-z0-9]*$/
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/**
 * Parses the XML of S3 requests: elements and text. Attributes (namespaces) are ignored. Comments, CDATA and document
 * types are rejected, so no entities can be declared.
 * @throws {Fault} MalformedXML
 */
export function parseXml(text: string): Element {
  const document: Element = { name: '', text: '', children: [] }
  const open = [document]
  let at = text.startsWith('<?xml') ? text.indexOf('>') + 1 : 0
  while (at < text.length) {
    const start = text.indexOf('<', at)
    const inside = open.at(-1) ?? document
    inside.text += decodeEntities(text.slice(at, start === -1 ? text.length : start))
    if (start === -1) break
    const end = text.indexOf('>', start)
    if (end === -1) throw new Fault('MalformedXML')
    readTag(text.slice(start + 1, end), open)
    at = end + 1
  }
  const [root, second] = document.children
  if (!root || second || open.length !== 1 || document.text.trim()) throw new Fault('MalformedXML')
  return root
}

function readTag(tag: string, open: Element[]): void {
  const inside = open.at(-1)
  if (tag.startsWith('/')) {
    if (open.length < 2 || inside?.name !== tag.slice(1).trimEnd()) throw new Fault('MalformedXML')
    open.pop()
    return
  }
  const closed = tag.endsWith('/')
  const [name = ''] = (closed ? tag.slice(0, -1) : tag).split(/\s/, 1)
  if (!NAME.test(name)) throw new Fault('MalformedXML')
  const element: Element = { name, text: '', children: [] }
  inside?.children.push(element)
  if (!closed) open.push(element)
}

function decodeEntities(text: string): string {
  return text.replace(/&([^;&]{0,9};?)/g, (_, reference: string) => {
    const name = reference.endsWith(';') ? reference.slice(0, -1) : ''
    const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name)
    const code = number && (number[1] ? Number.parseInt(number[1], 16) : Number(number[2]))
    const character = code !== null && code <= 0x10ffff ? String.fromCodePoint(code) : ENTITIES[name]
    if (character === undefined) throw new Fault('MalformedXML')
    return character
  })
}

/**
 * Reads the texts of an element's children, by name, and validates them against a schema.
 * @throws {Fault} MalformedXML
 */
export function readFields<T>(element: Element, schema: z.ZodType<T>): T {
  const fields = Object.fromEntries(element.children.map(({ name, text }) => [name, text]))
  const result = schema.safeParse(fields)
  if (!result.success) throw new Fault('MalformedXML')
  return result.data
}
