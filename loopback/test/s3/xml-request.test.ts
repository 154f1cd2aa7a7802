import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault } from '../../s3/faults.ts'
import { writeXml } from '../../s3/xml.ts'
import { parseXml } from '../../s3/xml-request.ts'

describe('parseXml', () => {
  it('parses any text that writeXml writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(parseXml(writeXml(['Delete', [['Key', text]]])).children[0]?.text).toBe(text)
      }),
    )
  })

  it('ignores declarations, namespaces and white space', () => {
    const text = `<?xml version="1.0"?>\n<A xmlns="urn:x">\n <B c='d'/> <B >&#x41;&#66;&amp;</B >\n</A>\n`
    const { name, children } = parseXml(text)
    expect([name, ...children.map(child => child.text)]).toEqual(['A', '', 'AB&'])
  })

  it('rejects all other input with a Fault', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      '&',
      ';',
      '#',
      '!',
      '--',
      '?xml',
      '<a>',
      '</a>',
      '&#x110000;',
      ' ',
    )
    fc.assert(
      fc.property(
        fc.array(piece).map(pieces => pieces.join('')),
        text => {
          try {
            expect(parseXml(text).name).toBe('a')
          } catch (error) {
            expect(error).toBeInstanceOf(Fault)
          }
        },
      ),
    )
  })

  it.each([
    '',
    'x',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a/>x',
    '<a>&x;</a>',
    '<a>&#xffffffff;</a>',
    '<a><!-- --></a>',
  ])('rejects %j', text => {
    expect(() => parseXml(text)).toThrow(Fault)
  })
})
