import { describe, expect, expectTypeOf, test } from 'vitest'
import type { RequestView } from '../../src/domain/expression.ts'
import { checkExpression } from '../../src/expression/check.ts'
import { SCOPE_NAMES, type ScopeName } from '../../src/expression/survey.ts'

const sound: readonly {
  readonly source: string
  readonly roots: readonly string[]
  readonly secrets?: readonly string[]
}[] = [
  { source: 'body.event.type', roots: ['body'] },
  { source: 'headers."x-a" & (query.b ? raw : url)', roots: ['headers', 'query', 'raw', 'url'] },
  { source: 'body.items[type = "x" and $$.method = "POST"].id', roots: ['body', 'method'] },
  { source: 'body.items.(event & item)', roots: ['body'] },
  { source: '$map(body.items, function($i) { $i.id & options.shop })', roots: ['body', 'options'] },
  { source: '($x := body; $x.path)', roots: ['body'] },
  { source: 'body.items{type: id}', roots: ['body'] },
  { source: '{"a": claims.sub, "b": [event, item]}', roots: ['claims', 'event', 'item'] },
  { source: 'body.items^(>created, path)', roots: ['body'] },
  { source: '$.body.a & $$.path', roots: ['body', 'path'] },
  { source: '$now()', roots: [] },
  { source: "$hmac('sha256', $secret('token'), body.plain)", roots: ['body', 'secrets'], secrets: ['token'] },
  { source: 'body ~> |items|{"x": url}|', roots: ['body'] },
  { source: 'body.url.$host()', roots: ['body'] },
  { source: 'body.a ?? body.b ?: raw', roots: ['body', 'raw'] },
]

const EVERYTHING = SCOPE_NAMES.toSorted()

test('knows every member of a view by its name', () => {
  expectTypeOf<Exclude<keyof RequestView, ScopeName>>().toBeNever()
})

describe('tells what an expression reads', () => {
  for (const { source, roots, secrets } of sound) {
    test(source, () => {
      const check = checkExpression(source)
      expect(check).toMatchObject({ ok: true })
      if (!check.ok) return
      expect([...check.roots].toSorted()).toEqual(roots.toSorted())
      expect([...check.secrets]).toEqual(secrets ?? [])
    })
  }

  for (const source of [
    '$',
    '$$',
    '$keys($)',
    '**.id',
    '*',
    '$string()',
    'body.items.%.%',
    '$lookup("body")',
    '($x := $$; $x.url)',
  ]) {
    test(`everything, where the scope is read as a whole: ${source}`, () => {
      const check = checkExpression(source)
      expect(check.ok && [...check.roots].toSorted()).toEqual(EVERYTHING)
    })
  }
})

interface Unsound {
  readonly source: string
  readonly position: number
  readonly message: RegExp
  readonly hint?: string
}

const unsound: readonly Unsound[] = [
  { source: 'body[', position: 5, message: /Expected "\]" before end/ },
  { source: 'body.', position: 5, message: /Unexpected end/ },
  { source: 'body.a body.b', position: 7, message: /Syntax error: "body"/ },
  { source: '"abc', position: 4, message: /must be terminated/ },
  { source: 'body.x & $sha265(raw)', position: 9, message: /no function \$sha265/, hint: 'Did you mean $sha256?' },
  { source: '$uppercas(body.x)', position: 0, message: /no function \$uppercas/, hint: 'Did you mean $uppercase?' },
  {
    source: 'uppercase(body.x)',
    position: 0,
    message: /"uppercase" is not a function/,
    hint: 'Did you mean $uppercase?',
  },
  {
    source: 'body.x.lowercase()',
    position: 7,
    message: /"lowercase" is not a function/,
    hint: 'Did you mean $lowercase?',
  },
  { source: '($amount := 1; $amuont)', position: 15, message: /no variable \$amuont/, hint: 'Did you mean $amount?' },
  { source: 'hedaers.a', position: 0, message: /nothing called "hedaers"/, hint: 'Did you mean "headers"?' },
  { source: 'body.a = $$.foo', position: 12, message: /nothing called "foo"/ },
  { source: '$sha256()', position: 0, message: /cannot take 0 arguments/, hint: 'It is $sha256(text, encoding?).' },
  { source: 'raw ~> $hmac("sha256", "k", raw, "hex", 1)', position: 7, message: /cannot take 6 arguments/ },
  { source: '$hmac("sha265", "k", raw)', position: 0, message: /"sha265" is nothing that \$hmac knows/ },
  { source: '$sha256(raw, "base46")', position: 0, message: /"base46" is nothing/ },
  { source: '$time(body.t, "iso")', position: 0, message: /"iso" is nothing that \$time knows/ },
  { source: '$hmac(?, "k", raw)', position: 0, message: /cannot be applied in part/ },
  { source: '$secret(body.name)', position: 0, message: /must be a literal/ },
  { source: '"name" ~> $secret()', position: 10, message: /must be a literal/ },
  { source: '$map(body.names, $secret)', position: 17, message: /can only be called/ },
  { source: '$eval(body.x)', position: 0, message: /\$eval is not available/ },
  { source: '$map(body.x, $eval)', position: 13, message: /\$eval is not available/ },
  { source: '1 + $random()', position: 4, message: /\$random is not available/ },
  { source: '$shuffle(body.x)', position: 0, message: /\$shuffle is not available/ },
  { source: '($clone := function($x) { $x }; body ~> |a|{}|)', position: 0, message: /\$clone cannot be given/ },
  { source: 'body ~> |$uppercase|{}|', position: 9, message: /A transform can only change/ },
  { source: 'body ~> |(a; $uppercase)|{}|', position: 9, message: /A transform can only change/ },
  { source: '$contains(raw, /a(?=b)/)', position: 15, message: /looks around/ },
  { source: '$contains(raw, /(?<!a)b/)', position: 15, message: /looks around/ },
  { source: '$contains(raw, /(a)\\1/)', position: 15, message: /refers back/ },
  { source: '$contains(raw, /a{2000}/)', position: 15, message: /cannot be used/ },
  { source: '$contains(raw, /[b-a]/)', position: 15, message: /Range out of order/ },
  { source: '$match(raw, /x/) ?? 1', position: 15, message: /cannot stand on the left/ },
  { source: `${'('.repeat(20)}body.a${'?? 1)'.repeat(20)}`, position: 0, message: /more than 12 operators/ },
  { source: '('.repeat(7_000), position: 0, message: /nested too deeply|Unexpected/ },
  { source: 'a'.repeat(8_001), position: 8_000, message: /more than 8000 characters/ },
]

describe('refuses', () => {
  for (const { source, position, message, hint } of unsound) {
    test(source.slice(0, 60), () => {
      expect(checkExpression(source)).toMatchObject({
        ok: false,
        message: expect.stringMatching(message),
        ...(source.length < 1_000 && { position }),
        ...(hint !== undefined && { hint }),
      })
    })
  }
})

test('takes long chains of defaults in a short time', () => {
  const start = performance.now()
  expect(checkExpression(Array.from({ length: 12 }, (_, at) => `body.a${at}`).join(' ?? ')).ok).toBe(true)
  expect(checkExpression(`${'('.repeat(12)}body.a${' ?? 1)'.repeat(12)}`).ok).toBe(true)
  expect(performance.now() - start).toBeLessThan(2_000)
})
