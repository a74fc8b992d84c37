import { describe, expect, test } from 'vitest'
import { createExpressionCompiler } from '../../../src/expression/compile.ts'
import { scopeWith } from '../scope.ts'

const compile = createExpressionCompiler()
const run = async (source: string, raw = ''): Promise<unknown> => {
  const result = await compile(source).evaluate(scopeWith({ raw }))
  return result.ok ? result.value : `failed: ${result.detail}`
}

describe('pairs of a form', () => {
  for (const { name, source, raw, value } of [
    {
      name: 'in the order of the wire, decoded',
      source: '$pairs(raw)',
      raw: 'b=1%2B1&a=x+y&&c',
      value: [
        { name: 'b', value: '1+1' },
        { name: 'a', value: 'x y' },
        { name: 'c', value: '' },
      ],
    },
    {
      name: 'sorted by byte, by name and then by value',
      source: '$join($sortedPairs(raw).(name & "=" & value), "&")',
      raw: 'b=2&a=2&a=10&A=1&%F0%9F%98%80=1&%EF%BF%BD=1',
      value: 'A=1&a=10&a=2&b=2&\ufffd=1&\u{1f600}=1',
    },
    { name: 'an escape that is none as it stands', source: '$pairs(raw).value', raw: 'a=%zz%2', value: '%zz%2' },
    { name: 'none', source: '$pairs(raw)', raw: '', value: [] },
    {
      name: 'as PHP serialises them',
      source: '$phpSerialize($sortedPairs(raw))',
      raw: 'n%C3%A9=%22x%22&10=y&01=z',
      value: 'a:3:{s:2:"01";s:1:"z";i:10;s:1:"y";s:3:"n\u00e9";s:3:""x"";}',
    },
    {
      name: 'one of them as PHP serialises it',
      source: '$phpSerialize($pairs(raw)[name = "a"])',
      raw: 'a=1&b=2',
      value: 'a:1:{s:1:"a";s:1:"1";}',
    },
    {
      name: 'as Python writes JSON',
      source: '$pythonJson($pairs(raw))',
      raw: 'name=x&note=%C3%A9%F0%9F%98%80%22%0A/&name=y',
      value: '{"name": "y", "note": "\\u00e9\\ud83d\\ude00\\"\\n/"}',
    },
    {
      name: 'not as text, where they are not UTF-8',
      source: '$pairs(raw)',
      raw: 'a=%FF',
      value: 'failed: a name or value of the form is not UTF-8',
    },
    {
      name: 'not of something else',
      source: '$phpSerialize([1])',
      raw: '',
      value: 'failed: argument 1 of $phpSerialize is not a list of pairs',
    },
    {
      name: 'not of more than can be',
      source: '$count($pairs(raw))',
      raw: 'a&'.repeat(10_001),
      value: 'failed: there are more than 10000 pairs',
    },
  ]) {
    test(name, async () => expect(JSON.parse(JSON.stringify(await run(source, raw)))).toEqual(value))
  }
})

describe('texts', () => {
  for (const { name, source, value } of [
    {
      name: 'everything beyond ASCII escaped',
      source: '$escapeUnicode("a\u00e9\u{1f600}")',
      value: 'a\\u00e9\\ud83d\\ude00',
    },
    { name: 'a token', source: '$isToken("Abc-1._~+/=")', value: true },
    { name: 'no token: a blank', source: '$isToken("a b")', value: false },
    { name: 'no token: a colon', source: '$isToken("v0:1")', value: false },
    { name: 'no token: nothing', source: '$isToken("")', value: false },
    { name: 'no token: a missing one', source: '$isToken(body.nothing)', value: false },
    { name: 'no token: a number', source: '$isToken(7)', value: false },
    { name: 'no token: one too long', source: '$isToken("abcd", 3)', value: false },
    { name: 'the query of a URL', source: '$queryString("https://a.example/x?b=%20&c#d")', value: 'b=%20&c' },
    { name: 'no query', source: '$queryString("https://a.example/x#?d")', value: '' },
    { name: 'XML inside text', source: '$xml("<a><b>1</b></a>").a.b', value: '1' },
    { name: 'no XML', source: '$exists($xml("{}"))', value: false },
    {
      name: 'seconds or milliseconds',
      source: '[$time(1772445600, "s_or_ms"), $time("1772445600000", "s_or_ms")]',
      value: [1_772_445_600_000, 1_772_445_600_000],
    },
  ]) {
    test(name, async () => expect(await run(source)).toEqual(value))
  }
})
