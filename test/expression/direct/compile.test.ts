import assert from 'node:assert/strict'
import fc from 'fast-check'
import jsonata from 'jsonata'
import { expect, test } from 'vitest'
import { checkExpression } from '../../../src/expression/check.ts'
import { compileDirect } from '../../../src/expression/direct/compile.ts'
import { BAIL, Run } from '../../../src/expression/direct/run.ts'
import { toPlainData } from '../../../src/expression/plain-data.ts'
import { parseExpression } from '../../../src/expression/syntax.ts'
import { scopeWith } from '../scope.ts'
import { expression, jsonText } from './random-expression.ts'

type Outcome = { value: unknown } | 'failed'

async function byJsonata(source: string, body: unknown): Promise<Outcome> {
  const { headers, event } = scopeWith({ body })
  try {
    return {
      value: toPlainData(await jsonata(source).evaluate(Object.assign(Object.create(null), { body, headers, event }))),
    }
  } catch {
    return 'failed'
  }
}

function byDirectRoute(source: string, body: unknown): Outcome | 'not compiled' | 'bailed' {
  const parsed = parseExpression(source)
  if (!parsed.ok) throw new Error(`${source}: ${parsed.message}`)
  // Nothing is compiled that the check refuses, such as a regular expression on the left of ??.
  if (!checkExpression(source).ok) return 'not compiled'
  const step = compileDirect(parsed.tree)
  if (step === null) return 'not compiled'
  try {
    return { value: toPlainData(step(new Run(scopeWith({ body }), undefined), undefined)) }
  } catch (thrown) {
    if (thrown === BAIL) return 'bailed'
    throw thrown
  }
}

test('gives what JSONata gives, over random expressions and documents, or leaves it to JSONata', async () => {
  const seen = { answered: 0, bailed: 0, 'not compiled': 0 }
  await fc.assert(
    fc.asyncProperty(expression, jsonText, async (source, json) => {
      // Each evaluator gets its own document: JSONata writes into some.
      const direct = byDirectRoute(source, JSON.parse(json))
      if (direct === 'bailed' || direct === 'not compiled') {
        seen[direct] += 1
        return
      }
      seen.answered += 1
      // vitest's own comparison stumbles over a member named constructor.
      assert.deepStrictEqual(direct, await byJsonata(source, JSON.parse(json)))
    }),
    { numRuns: 3_000 },
  )
  // Else the test would prove nothing.
  expect(seen.answered).toBeGreaterThan(700)
  expect(seen['not compiled']).toBeLessThan(600)
})

test('writes numbers as JSONata does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (number) => {
      const body = { number }
      const source = 'body.number & "|" & $string(body.number) & "|" & (body.number + 0.1)'
      const expected = await byJsonata(source, body)
      const direct = byDirectRoute(source, body)
      if (direct !== 'bailed') assert.deepStrictEqual(direct, expected)
    }),
    { numRuns: 500 },
  )
})

test('takes the same part of a text as JSONata', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '\u00e9', '\u{1f600}'), maxLength: 8 })
  const place = fc.integer({ min: -10, max: 10 })
  await fc.assert(
    fc.asyncProperty(text, place, place, async (own, from, length) => {
      const source = `[$substring(body.t, ${from}), $substring(body.t, ${from}, ${length}), $length(body.t), $split(body.t, "-")]`
      const direct = byDirectRoute(source, { t: own })
      if (direct !== 'bailed') assert.deepStrictEqual(direct, await byJsonata(source, { t: own }))
    }),
    { numRuns: 500 },
  )
})

test('replaces what JSONata replaces', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '1', '$'), maxLength: 8 })
  const replacement = fc.string({ unit: fc.constantFrom('$', '0', '1', '2', '10', 'x', '-', ' '), maxLength: 5 })
  const pattern = fc.constantFrom(
    '/a/',
    '/(a)(b)?/',
    '/(a)|(1)/',
    '/-/',
    '/()()()()()()()()()(a)()/',
    '"a"',
    '"-1"',
    '/b*/',
  )
  await fc.assert(
    fc.asyncProperty(text, pattern, replacement, async (own, regex, by) => {
      const source = `$replace(body.t, ${regex}, body.by)`
      const direct = byDirectRoute(source, { t: own, by })
      if (direct !== 'bailed') assert.deepStrictEqual(direct, await byJsonata(source, { t: own, by }))
    }),
    { numRuns: 500 },
  )
})

/** Corners that random expressions seldom reach. */
const corners: readonly { readonly source: string; readonly json: string }[] = [
  { source: 'body.a.b', json: '{"a":[[{"b":1},{"b":[2,[3]]}],{"b":[]},5,null]}' },
  { source: 'body.a.b.c', json: '{"a":[{"b":[[{"c":1}]]}]}' },
  { source: 'body.a', json: '{"a":[[1]]}' },
  { source: 'body.a.b', json: '{"a":{"b":[[]]}}' },
  { source: 'body.a.b', json: '{"a":[{"b":[1]}]}' },
  { source: 'body.a[0]', json: '{"a":[[1,2],[3]]}' },
  { source: 'body.a[0].b', json: '{"a":[[{"b":1},{"b":2}],[3]]}' },
  { source: 'body.a.b[0]', json: '{"a":[{"b":[1,2]},{"b":[3,4]}]}' },
  { source: 'body.a[$ = 1]', json: '{"a":[1,2,1]}' },
  { source: 'body.a[$ > 1][0]', json: '{"a":[1,2,3]}' },
  { source: 'body.a[b]', json: '{"a":[{"b":1},{"b":0},{"b":[1]}]}' },
  { source: 'body.a[[0,2]]', json: '{"a":["x","y","z"]}' },
  { source: 'body.a[1 = 1].b', json: '{}' },
  { source: 'body.a[{"x": $}]', json: '{"a":[[1],[2]]}' },
  { source: 'body.a[$string(b).c]', json: '{"a":[[{"b":1}],{"b":2}]}' },
  { source: 'body.a[$split(b, "-")[1] = "y"].b', json: '{"a":[{"b":"x-y"},{"b":"z"}]}' },
  { source: 'body.a[$$.body.n]', json: '{"a":["x","y"],"n":1}' },
  { source: '(body.a)[0]', json: '{"a":[1,2]}' },
  { source: '(body.a).b', json: '{"a":[{"b":[1]},{"b":2}]}' },
  { source: '$split(body.a, ",")[5]', json: '{"a":"x,y"}' },
  { source: '$split(body.a, ",")[-1]', json: '{"a":"x,y"}' },
  { source: '(0 / 0) in [0 / 0]', json: '{}' },
  { source: '(0 / 0) or (1 / 0)', json: '{}' },
  { source: '1 / 0', json: '{}' },
  { source: 'body.n & ""', json: '{"n":1e999}' },
  { source: 'body.n = body.n', json: '{"n":1e999}' },
  { source: 'body.a ?? "x"', json: '{"a":null}' },
  { source: 'body.a ?: "x"', json: '{"a":[]}' },
  { source: '$exists(body.a) ? body.a : "x"', json: '{"a":null}' },
  { source: '$join(body.a, "-")', json: '{"a":["x","y"]}' },
  { source: '$join(body.a)', json: '{"a":[]}' },
  { source: '$join(body.a, "-")', json: '{"a":"x"}' },
  { source: '$join(body.a, "-")', json: '{"a":["x",1]}' },
  { source: '$count(body.a)', json: '{"a":[]}' },
  { source: '$number(body.a)', json: '{"a":"-0012.50"}' },
  { source: '$number(body.a)', json: '{"a":"0x1F"}' },
  { source: '$contains(body.a, body.b)', json: '{"b":"x"}' },
  { source: '$contains(body.a, body.b)', json: '{"a":"x"}' },
  { source: '$substringBefore(body.a, body.b)', json: '{"a":"is undefined here"}' },
  { source: '$trim(body.a)', json: '{"a":"\\n  a \\t b  "}' },
  { source: '{"a": body.x, "b": [body.y], "__proto__": 1}', json: '{"y":[1,[2]]}' },
  { source: '{"a": 1, "a": 2}', json: '{}' },
  { source: '[[], [body.a], body.a, "["]', json: '{"a":[1,[2]]}' },
  { source: '"abc"[0] & body.a[0]', json: '{"a":"x"}' },
  { source: 'body.and.or.in', json: '{"and":{"or":{"in":7}}}' },
  { source: 'body."x-y".`a b`', json: '{"x-y":{"a b":1}}' },
  { source: '$lowercase(body.a) ~> $uppercase() ~> $length', json: '{"a":"aB"}' },
  { source: '(body.a; body.b)', json: '{"a":1,"b":2}' },
  { source: '()', json: '{}' },
  {
    source: '$map(body.a, function($x) { $map($x.b, function($y) { $x.id & $y }) })',
    json: '{"a":[{"id":1,"b":[2,3]},{"id":4,"b":5}]}',
  },
  { source: '$map(body.a, function($x, $i, $all) { $i & "/" & $count($all) & $x })', json: '{"a":["x","y"]}' },
  { source: '$map(body.a, function() { body.b })', json: '{"a":[1,2],"b":[3]}' },
  { source: '$map(body.a, function($x) { [$x] })', json: '{"a":[1,2]}' },
  { source: '$map(body.a, function($x) { [$x] })', json: '{"a":1}' },
  { source: '$map(body.a, function($x) { $x.b }).c', json: '{"a":[{"b":[{"c":1},{"c":[2]}]},{"b":{"c":3}}]}' },
  { source: '$map(body.a, function($x) { $x > 1 ? $string($x) : $x = 1 ? $uppercase("one") })', json: '{"a":[0,1,2]}' },
  { source: '$filter(body.a, function($x) { $x })', json: '{"a":[[0],1,"",{}]}' },
  { source: '$filter(body.a, function($x, $i) { $i = 1 })[0]', json: '{"a":[1,[2,3],4]}' },
  {
    source: 'body.a[$count($filter(b, function($x) { $x > 1 })) > 0].id',
    json: '{"a":[{"id":1,"b":[1]},{"id":2,"b":[2]}]}',
  },
  { source: 'body.a[$map(b, function($x) { $ })[0].id = id]', json: '{"a":[{"id":1,"b":[1]}]}' },
  { source: '$map(body.a, function($string) { $string })', json: '{"a":[1,2]}' },
  { source: '($exists := 1; body.a ?? 2)', json: '{"a":1}' },
  { source: '($x := 1; $x := $x + 1; ($x := 5; $y := $x); $x)', json: '{}' },
  { source: '($x := body.a; $x[0].b & $x.b)', json: '{"a":[{"b":1},{"b":2}]}' },
  { source: '($x := body.a; body.b[$ in $x])', json: '{"a":[1,2],"b":[2,3]}' },
  { source: '($x := 1)', json: '{}' },
  { source: 'body.a.(b & c)', json: '{"a":[{"b":1,"c":2},{"b":3}]}' },
  { source: 'body.a.(b)', json: '{"a":{"b":[1]}}' },
  { source: 'body.a.([b])', json: '{"a":[{"b":1}]}' },
  { source: 'body.a.([b]).c', json: '{"a":[{"b":{"c":1}},{"b":{"c":[2]}}]}' },
  { source: 'body.a.{"x": b}', json: '{"a":[{"b":1},{"b":2},[]]}' },
  { source: 'body.a.$string(b)[0]', json: '{"a":[{"b":1},{"b":2}]}' },
  { source: 'body.a.("x")', json: '{}' },
  { source: 'body.a[true].("x")', json: '{}' },
  {
    source: '$join(body.a[b != "x"].(b & "=" & c), "&")',
    json: '{"a":[{"b":"x","c":1},{"b":"y","c":2},{"b":"z","c":3}]}',
  },
  { source: 'body.a ~> $map(function($x) { $x + 1 })', json: '{"a":[1,2]}' },
]

for (const { source, json } of corners) {
  test(`agrees with JSONata on ${source} over ${json}`, async () => {
    const direct = byDirectRoute(source, JSON.parse(json))
    if (direct === 'bailed' || direct === 'not compiled') return
    assert.deepStrictEqual(direct, await byJsonata(source, JSON.parse(json)))
  })
}

test('compiles what the specs of providers use', () => {
  const common = [
    'body.event.type',
    'headers."x-github-event" & (body.action ? "." & body.action : "")',
    'body.entry[0].changes[0].value.metadata.phone_number_id',
    'body.links[rel = "self"].href',
    'body.type in ["a", "b"] and $exists(body.challenge)',
    'headers.`x-shopify-topic` ?? body.topic',
    '$split(body.resource, "/")[2]',
    '$json(body.payload).callback_id',
    '$host(body.data.self)',
    '$sha256(raw)',
    '{"challenge": body.challenge}',
    'body.team.id ? body.team.id : body.team_id',
    'method = "GET" and query.`hub.mode` = "subscribe"',
    '$coalesce(body.a, body.b)',
    '$join($sortedPairs(raw)[name != "sig"].(name & "=" & value), "&")',
    '($id := body.a.id; $id & ":" & $id)',
    '$map(body.items, function($i) { $i.kind & $i.id })',
    '$filter(body.items, function($i) { $i.kind = "x" }).id',
    '$match(body.uri, /stores\\/(\\d+)/).groups[0]',
    '$replace(body.domain, /\\.myshopify\\.com$/, "")',
  ]
  for (const source of common) {
    const parsed = parseExpression(source)
    expect(parsed.ok && compileDirect(parsed.tree), source).toBeTypeOf('function')
  }
})

test('leaves more work than a fraction of a millisecond to JSONata', () => {
  const many = Array.from({ length: 20_000 }, (_, id) => ({ id }))
  expect(byDirectRoute('body.many.id', { many })).toBe('bailed')
  expect(byDirectRoute('$uppercase(body.text)', { text: 'a'.repeat(5_000_000) })).toBe('bailed')
  expect(
    byDirectRoute('body.many[$contains($$.body.text, "b")].id', {
      many: many.slice(0, 5_000),
      text: 'a'.repeat(1_000),
    }),
  ).toBe('bailed')
})

test('takes an object of the payload for data, whatever its members are called', async () => {
  const body = { a: { _jsonata_function: true, b: 1 }, c: { tupleStream: true, b: 2 } }
  expect(byDirectRoute('[body.a.b, body.c[b = 2].b]', body)).toEqual({ value: [1, 2] })
})
