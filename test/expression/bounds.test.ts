import { beforeAll, describe, expect, test } from 'vitest'
import { createExpressionCompiler } from '../../src/expression/compile.ts'
import { scopeWith } from './scope.ts'

const TIMEOUT_MS = 50
/** A machine that is busy with other tests may stand still for a while; without a bound these take seconds to for ever. */
const PATIENCE_MS = 3_000

const compileExpression = createExpressionCompiler({ timeoutMs: TIMEOUT_MS })

/** Values that a hostile sender could fit into one body. */
const body = {
  numbers: Array.from({ length: 300_000 }, (_, at) => (at * 7_919) % 300_007),
  rows: Array.from({ length: 100_000 }, (_, id) => ({ id, tag: `t${id % 7}` })),
  long: 'a'.repeat(5_000_000),
  almost: `${'a'.repeat(20_000)}b${'a'.repeat(20_000)}`,
  backtracking: `${'a'.repeat(40)}b`,
  lines: Array.from({ length: 100 }, () => 'b'.repeat(1_000_000)),
  deep: JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`) as unknown,
  deepObject: JSON.parse(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`) as unknown,
  wide: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at])),
}
const scope = scopeWith({ body, raw: body.long })

/** `$double(x, n)` calls itself n times with a value twice as large. */
const doubling = (step: string, from: string, use: string): string =>
  `($double := function($x, $n) { $n = 0 ? $x : $double(${step}, $n - 1) }; ${use.replaceAll('GROWN', `$double(${from}, 40)`)})`

const attacks: readonly { readonly name: string; readonly source: string; readonly mayEndOtherwise?: boolean }[] = [
  { name: 'a tail call for ever', source: '($f := function($x) { $f($x + 1) }; $f(1))' },
  { name: 'a recursion for ever', source: '($f := function($x) { 1 + $f($x) }; $f(1))' },
  { name: 'two functions calling each other', source: '($f := function($g) { $g($f) }; $f($f))' },
  { name: 'a long range', source: '[1..9000000]' },
  { name: 'a range of ranges', source: '[1..2000].([1..2000].($ * 2))' },
  {
    name: 'loops in loops',
    source: '$sum($map([1..1000], function($i) { $sum($map([1..1000], function($j) { $i * $j })) }))',
  },
  { name: 'a text padded to a giant', source: '$pad("x", 500000000)' },
  { name: 'a text padded with long text', source: '$pad("x", 5000, body.long)' },
  { name: 'a text that doubles', source: doubling('$x & $x', '"abcdefgh"', '$contains(GROWN, "z")') },
  { name: 'a text joined to a giant', source: '$join($map([1..1000], function($i) { body.long }))' },
  { name: 'lines joined to a giant', source: '$length($join(body.lines))' },
  { name: 'a replacement that explodes', source: '$replace(body.long, "a", body.long)' },
  { name: 'a text split into characters', source: '$split(body.long, "")' },
  { name: 'a text split at every character', source: '$split(body.long, "a")' },
  { name: 'a search that almost matches everywhere', source: '$contains(body.long, body.almost)' },
  { name: 'the same, before a text', source: '$substringBefore(body.long, body.almost)' },
  { name: 'the same, in a replacement', source: '$replace(body.long, body.almost, "")' },
  { name: 'percent-encoding of a long text', source: '$encodeUrlComponent(body.long)' },
  { name: 'a value that doubles, compared', source: doubling('{"a": $x, "b": $x}', '1', 'GROWN = GROWN') },
  { name: 'a value that doubles, written', source: doubling('{"a": $x, "b": $x}', '1', '$string(GROWN)') },
  { name: 'a value that doubles, as the result', source: doubling('{"a": $x, "b": $x}', '1', 'GROWN') },
  { name: 'an array that doubles', source: doubling('$append($x, $x)', '[1]', '$count(GROWN)') },
  { name: 'distinct values of a long list', source: '$distinct(body.numbers)' },
  { name: 'a long list sorted', source: '$sort(body.numbers)' },
  { name: 'a long list ordered', source: 'body.rows^(>tag, id)' },
  { name: 'a long list sorted by a function', source: '$sort(body.numbers, function($a, $b) { $a < $b })' },
  { name: 'a long list filtered by a function of JSONata', source: '$filter(body.numbers, $not)' },
  { name: 'a long list reduced', source: '$reduce(body.numbers, function($a, $b) { $a + $b })' },
  { name: 'a long list mapped', source: '$map(body.numbers, $string)' },
  { name: 'a list looked up in itself', source: 'body.rows[id in $$.body.numbers].id' },
  { name: 'everything below', source: '**.id' },
  { name: 'groups without number', source: 'body.rows{$string(id): tag}' },
  { name: 'a wide object, each member', source: '$each(body.wide, function($v, $k) { $k & $v })' },
  { name: 'a wide object, sifted', source: '$sift(body.wide, function($v) { $v < 0 })' },
  { name: 'a wide object, spread and merged', source: '$merge($spread(body.wide))' },
  { name: 'the whole body written', source: '$string(body)' },
  { name: 'the whole body copied', source: 'body ~> |rows|{"x": 1}|' },
  { name: 'arrays within arrays', source: 'body.deep ~> $string()' },
  { name: 'objects within objects', source: '$count(body.deepObject.**)', mayEndOtherwise: true },
  { name: 'a pattern that would backtrack', source: '$contains(body.backtracking, /^(a+)+$/)', mayEndOtherwise: true },
  { name: 'a pattern over a long text', source: '$count($match(body.long, /a/))' },
  { name: 'a pattern that always looks to the end', source: '$match(body.long, /a[^b]*b/)', mayEndOtherwise: true },
  { name: 'a pattern that matches nothing', source: '$match(body.long, /a*?/)', mayEndOtherwise: true },
  { name: 'a long text split by a pattern', source: '$split(body.long, /a/)' },
  { name: 'a long text replaced by a pattern', source: '$length($replace(body.long, /a/, "$0$0"))' },
  { name: 'a function chained for ever', source: '($f := $string; $g := function($x) { $x ~> $g }; $g(1))' },
  { name: 'a time read by a picture', source: '$toMillis(body.long, "[Y][M][D]")', mayEndOtherwise: true },
  {
    name: 'a number with a long picture',
    source: '$formatNumber(1, $replace($substring(body.long, 0, 100000), "a", "0"))',
    mayEndOtherwise: true,
  },
  {
    name: 'the code points of a long text',
    source: '$substring(body.long, 1, 2) & $length(body.long)',
    mayEndOtherwise: true,
  },
  { name: 'a list of lists zipped', source: '$zip(body.numbers, body.numbers, body.numbers)', mayEndOtherwise: true },
  { name: 'a digest of too much', source: '$sha256([body.long, body.long])' },
  { name: 'a form of too many fields', source: '$form($replace(body.almost, "a", "&"))' },
]

describe('ends within its bound and says so', () => {
  beforeAll(async () => {
    // The sandbox is made, and JSONata compiled, with the first of them.
    await compileExpression('$map([1], function($x) { $x })').evaluate(scope)
  })

  for (const { name, source, mayEndOtherwise } of attacks) {
    test(name, async () => {
      const expression = compileExpression(source)
      const start = performance.now()
      const result = await expression.evaluate(scope)
      expect(performance.now() - start).toBeLessThan(PATIENCE_MS)
      if (mayEndOtherwise === true) return
      expect(result).toMatchObject({ ok: false, reason: 'bound_exceeded' })
    })
  }

  test('and the next expressions work as if nothing had been', async () => {
    for (const source of [
      '$count($match("a1b2", /[0-9]/))',
      '$sum($map([1..10], function($i) { $i }))',
      '$uppercase("a")',
    ]) {
      expect(await compileExpression(source).evaluate(scope)).toMatchObject({ ok: true })
    }
    const pattern = compileExpression('$match(body.long, /a+?b?/).index')
    expect(await pattern.evaluate(scope)).toMatchObject({ ok: false, reason: 'bound_exceeded' })
    expect(await pattern.evaluate(scopeWith({ body: { long: 'xabxa' } }))).toMatchObject({ ok: true, value: [1, 4] })
  })
})

test('keeps its own bounds where the compiler is given others', async () => {
  const strict = createExpressionCompiler({ sequence: 10, stack: 30 })
  expect(await strict('[1..11]').evaluate(scope)).toMatchObject({ ok: false, reason: 'bound_exceeded' })
  expect(await strict('[1..10]').evaluate(scope)).toMatchObject({ ok: true })
  const recursion = '($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(20))'
  expect(await strict(recursion).evaluate(scope)).toMatchObject({ ok: false, reason: 'bound_exceeded' })
  expect(await compileExpression(recursion).evaluate(scope)).toMatchObject({ ok: true, value: 20 })
})

test('is not misled by a wall clock that jumps', async () => {
  const now = Date.now
  try {
    let calls = 0
    Date.now = () => now() + (calls++ % 2) * 3_600_000
    expect(await compileExpression('$sum($map([1..50], function($i) { $i }))').evaluate(scope)).toMatchObject({
      ok: true,
      value: 1275,
    })
  } finally {
    Date.now = now
  }
})
