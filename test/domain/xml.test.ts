import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseXml } from '../../src/domain/xml.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const read = (text: string, lists?: string[]): unknown => {
  const parsed = parseXml(text, { lists })
  return parsed.ok ? plain(parsed.value) : parsed.detail
}

describe('reads', () => {
  for (const { name, text, value, lists } of [
    { name: 'text', text: '<a>b</a>', value: { a: 'b' } },
    { name: 'an empty element', text: '<a/>', value: { a: '' } },
    { name: 'elements as members', text: '<a><b>1</b><c>2</c></a>', value: { a: { b: '1', c: '2' } } },
    {
      name: 'repeated elements as a list',
      text: '<a><b>1</b><b>2</b><b>3</b></a>',
      value: { a: { b: ['1', '2', '3'] } },
    },
    {
      name: 'one element as a list where it always is one',
      text: '<a><b>1</b></a>',
      lists: ['b'],
      value: { a: { b: ['1'] } },
    },
    {
      name: 'attributes, and text beside them',
      text: `<a x="1" y='2'>b</a>`,
      value: { a: { '@x': '1', '@y': '2', '#text': 'b' } },
    },
    { name: 'no prefixes', text: '<s:a xmlns:s="u" s:x="1"><s:b/></s:a>', value: { a: { '@x': '1', b: '' } } },
    { name: 'entities', text: '<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x20AC;</a>', value: { a: `<&>"'A\u20ac` } },
    { name: 'CDATA as it stands', text: '<a><![CDATA[<b>&amp;]]></a>', value: { a: '<b>&amp;' } },
    {
      name: 'past a declaration, comments and white space',
      text: '\ufeff<?xml version="1.0"?>\n<!-- c --><a> <b>1</b>\n</a>\n',
      value: { a: { b: '1' } },
    },
    { name: 'white space inside text as it stands', text: '<a> b\n</a>', value: { a: ' b\n' } },
    {
      name: 'a name that objects have',
      text: '<__proto__><toString>1</toString></__proto__>',
      value: JSON.parse('{"__proto__":{"toString":"1"}}') as unknown,
    },
  ]) {
    test(name, () => expect(read(text, lists)).toEqual(value))
  }
})

describe('refuses', () => {
  for (const { name, text } of [
    { name: 'a document type', text: '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>' },
    { name: 'an entity of its own', text: '<a>&x;</a>' },
    { name: 'an entity without its end', text: '<a>&amp b</a>' },
    { name: 'a character that is none', text: '<a>&#xD800;</a>' },
    { name: 'a character of control', text: '<a>&#0;</a>' },
    { name: 'nothing', text: '' },
    { name: 'text', text: 'a' },
    { name: 'JSON', text: '{"a":1}' },
    { name: 'an open element', text: '<a><b></b>' },
    { name: 'a wrong end tag', text: '<a></b>' },
    { name: 'another prefix in the end tag', text: '<x:a xmlns:x="u" xmlns:y="u"></y:a>' },
    { name: 'two roots', text: '<a/><b/>' },
    { name: 'text outside', text: '<a/>b' },
    { name: 'a repeated attribute', text: '<a x="1" x="2"/>' },
    { name: 'an attribute without quotes', text: '<a x=1/>' },
    { name: 'an open comment', text: '<a><!-- </a>' },
    { name: 'a depth beyond all sense', text: '<a>'.repeat(101) + '</a>'.repeat(101) },
    { name: 'a tag without a name', text: '< a/>' },
  ]) {
    test(name, () => expect(typeof read(text)).toBe('string'))
  }

  test('without quoting the text', () => expect(read('<a>geheim')).not.toContain('geheim'))
})

test('never throws, and takes time in proportion to the length', () => {
  const unit = fc.constantFrom(
    '<',
    '>',
    '/',
    'a',
    ' ',
    '=',
    '"',
    '&',
    ';',
    '<a>',
    '</a>',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '\ud800',
  )
  fc.assert(
    fc.property(
      fc.array(unit).map((parts) => parts.join('')),
      (text) => void parseXml(text),
    ),
  )
  for (const part of ['<a x="', '<a ', '&', '<', ' ', '<!--', '<a>']) {
    const before = performance.now()
    parseXml(part.repeat(200_000))
    expect(performance.now() - before).toBeLessThan(1_000)
  }
})
