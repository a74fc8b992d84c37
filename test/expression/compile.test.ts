import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.ts'
import type { RequestView } from '../../src/domain/expression.ts'
import { createExpressionCompiler } from '../../src/expression/compile.ts'
import { evaluate, NOW, scopeWith, valueOf } from './scope.ts'

const compileExpression = createExpressionCompiler()

const meanings: readonly {
  readonly name: string
  readonly source: string
  readonly body?: unknown
  readonly value: unknown
}[] = [
  { name: 'follows a path', source: 'body.event.type', body: { event: { type: 'created' } }, value: 'created' },
  { name: 'finds nothing where a member is missing', source: 'body.a.b.c', body: { a: {} }, value: undefined },
  { name: 'tells null from nothing', source: 'body.a', body: { a: null }, value: null },
  {
    name: 'maps a path over an array',
    source: 'body.items.id',
    body: { items: [{ id: 1 }, {}, { id: 2 }] },
    value: [1, 2],
  },
  { name: 'gives one result of many as itself', source: 'body.items.id', body: { items: [{ id: 1 }, {}] }, value: 1 },
  {
    name: 'keeps one result an array where it is told to',
    source: 'body.items.id[]',
    body: { items: [{ id: 1 }, {}] },
    value: [1],
  },
  {
    name: 'takes an item by its place',
    source: 'body.items[-1].id',
    body: { items: [{ id: 1 }, { id: 2 }] },
    value: 2,
  },
  {
    name: 'filters by a member',
    source: 'body.links[rel = "self"].href',
    body: { links: [{ rel: 'self', href: 'x' }] },
    value: 'x',
  },
  { name: 'quotes odd names', source: 'body."x-y".`a b`', body: { 'x-y': { 'a b': 1 } }, value: 1 },
  {
    name: 'puts text together, a missing part being empty',
    source: 'body.a & ":" & body.b',
    body: { a: 1.5 },
    value: '1.5:',
  },
  { name: 'gives a default for what is missing', source: 'body.a ?? "none"', value: 'none' },
  { name: 'gives no default for null', source: 'body.a ?? "none"', body: { a: null }, value: null },
  { name: 'gives a default for what is empty', source: 'body.a ?: "none"', body: { a: '' }, value: 'none' },
  {
    name: 'groups',
    source: 'body.items{type: $sum(n)}',
    body: {
      items: [
        { type: 'a', n: 1 },
        { type: 'a', n: 2 },
      ],
    },
    value: { a: 3 },
  },
  {
    name: 'calls functions of its own',
    source: '($twice := function($x) { $x * 2 }; $map(body.n, $twice))',
    body: { n: [1, 2] },
    value: [2, 4],
  },
  {
    name: 'applies a function of ours in a chain',
    source: 'body.url ~> $host() ~> $uppercase()',
    body: { url: 'https://a.example/b' },
    value: 'A.EXAMPLE',
  },
  {
    name: 'applies a function of ours to the context',
    source: 'body.links.$host()',
    body: { links: ['https://a.example/', 'https://b.example/'] },
    value: ['a.example', 'b.example'],
  },
  {
    name: 'applies a function of JSONata in part',
    source: '$map(body.n, $substringBefore(?, "-"))',
    body: { n: ['a-b', 'c-d'] },
    value: ['a', 'c'],
  },
  {
    name: 'finds with a regular expression',
    source: '$match(body.t, /(\\w+)@(\\w+)/).groups[1]',
    body: { t: 'me@here' },
    value: 'here',
  },
  {
    name: 'finds with a regular expression, again and again',
    source: '$match(body.t, /\\d/).match',
    body: { t: 'a1b2' },
    value: ['1', '2'],
  },
  {
    name: 'replaces with a regular expression',
    source: '$replace(body.t, /(a)(b)?/, "<$1$2>")',
    body: { t: 'xaxab' },
    value: 'x<a>x<ab>',
  },
  {
    name: 'splits with a regular expression',
    source: '$split(body.t, /[,;]\\s*/)',
    body: { t: 'a, b;c' },
    value: ['a', 'b', 'c'],
  },
  {
    name: 'reads the clock of the request',
    source: '$now() & " " & $millis()',
    value: `${new Date(NOW).toISOString()} ${NOW}`,
  },
  {
    name: 'writes the clock of the request by a picture',
    source: '$now("[Y]-[M01]") & $millis()',
    value: `2026-03${NOW}`,
  },
  {
    name: 'takes __proto__ and constructor for names like any other',
    source: '[body.__proto__, body.constructor, body.a.toString]',
    body: JSON.parse('{"__proto__":1,"a":{}}'),
    value: [1],
  },
  { name: 'changes a copy', source: '(body ~> |a|{"n": 2}|).a.n', body: { a: { n: 1 } }, value: 2 },
  { name: 'reads the scope as a whole', source: '$count($keys($$)) > 5', value: true },
  { name: 'gives an empty array as such', source: 'body.a', body: { a: [] }, value: [] },
  {
    name: 'gives text of a number as JSONata does',
    source: '$string(0.1 + 0.2) & " " & 1e21 & " " & 100',
    value: '0.3 1e+21 100',
  },
]

describe('an expression', () => {
  for (const { name, source, body, value } of meanings) {
    test(name, async () => {
      expect(await valueOf(source, body ?? {})).toEqual(value)
    })
  }

  test('answers at once, without a promise, when it is simple', () => {
    expect(compileExpression('body.a & "." & body.b').evaluate(scopeWith({ body: { a: 1, b: 2 } }))).toEqual({
      ok: true,
      value: '1.2',
    })
  })

  test('gives plain arrays and objects', async () => {
    const value = await valueOf('{"ids": $map(body.items, function($i) { $i.id })}', { items: [{ id: 1 }, { id: 2 }] })
    expect(value).toStrictEqual({ ids: [1, 2] })
    expect(Object.keys((value as { ids: number[] }).ids)).toEqual(['0', '1'])
  })

  test('computes no member of the view that it does not read', async () => {
    const view = {
      ...scopeWith(),
      get body(): never {
        throw new Error('decoded')
      },
    } as RequestView
    for (const source of ['headers.a', '$map([1, 2], function($x) { $x & method })']) {
      expect(await compileExpression(source).evaluate(view)).toMatchObject({ ok: true })
    }
    for (const source of ['body.a', '$map(body.a, function($x) { $x })']) {
      expect(await compileExpression(source).evaluate(view)).toMatchObject({ ok: false, reason: 'failed' })
    }
  })

  test('reads members that a view inherits', async () => {
    class View {
      get body(): unknown {
        return { a: 1 }
      }
    }
    const view = new View() as RequestView
    expect(await compileExpression('$map(body, function($x) { $x.a })').evaluate(view)).toEqual({ ok: true, value: 1 })
  })
})

const writers: readonly string[] = [
  'body.items[]',
  'body.empty{"a": 1}',
  'body.nested.{"a": 1}',
  '$map(body.nested, function($v) { $v.{"a": 1} })',
  '($f := body.items[0]; $f())',
  '(body.items)[0]()',
  '(function($f) { $f() })(body.items[0])',
  'body ~> |items|{"id": 0}, "b"|',
  'body.items@$i.{"a": $i.id}',
  'body.items#$n.{"a": $n}',
  'body.items.b.%.id',
  'body.items^(>id)',
  '$sort(body.items, function($a, $b) { $a.id < $b.id })',
  '$append(body.items, 1)',
  '$reverse(body.items)',
  '$sift(body, function($v) { true })',
  '$merge([body, {"items": 1}])',
  '$spread(body)',
]

describe('does not write into what it reads', () => {
  for (const source of writers) {
    test(source, async () => {
      const make = (): unknown => ({
        items: [{ id: 1, b: {} }, { id: 2 }],
        one: [{ id: 1 }],
        empty: [],
        nested: [[], [1]],
      })
      const body = deepFreeze(make())
      const frozen = await evaluate(source, body)
      const loose = make()
      expect(await evaluate(source, loose)).toEqual(frozen)
      expect(loose).toStrictEqual(make())
      expect(Object.keys((loose as { items: object[] }).items)).toEqual(['0', '1'])
    })
  }

  test('nor into JSONata, for the expressions after it', async () => {
    const transform = '$uppercase ~> |$|{"implementation": 1}|'
    await evaluate(transform)
    await evaluate('body ~> |**|{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}|', {
      a: {},
    })
    expect(await valueOf('$map(["a"], $uppercase)')).toEqual('A')
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(await valueOf('{"a": {}}.a.polluted')).toBeUndefined()
  })
})

const SECRET_LIKE = 'sk_live_0123456789'
const failures: readonly { readonly source: string; readonly detail: RegExp }[] = [
  { source: 'body.secret < 1', detail: /^T2009 at character 13 \(<\)/ },
  { source: 'body.secret + 1', detail: /^T2001 at character 13 \(\+\)/ },
  { source: '$error(body.secret)', detail: /^D3137/ },
  { source: '$assert(false, body.secret)', detail: /^D3141/ },
  { source: '$toMillis(body.secret)', detail: /^D3110/ },
  { source: '$number(body.secret)', detail: /^D3030/ },
  { source: '{body.secret: 1, body.secret & "": 2}', detail: /^D1009/ },
  { source: '$sum(body.secret)', detail: /^T0412/ },
  { source: '$lowercase(body)', detail: /^T0410/ },
  { source: '$hmac("sha256", "k", body)', detail: /^argument 3 of \$hmac is not text/ },
  { source: '$digest(body.secret, "x")', detail: /^argument 1 of \$digest is not one of/ },
  { source: '$map(body.list, function($f) { $f() })', detail: /^T1006/ },
  { source: 'body.list^($)', detail: /^T2008/ },
  { source: 'function($x) { $x }', detail: /function/ },
  { source: '{"f": $uppercase}', detail: /function/ },
]

describe('a failure', () => {
  for (const { source, detail } of failures) {
    test(`says where and why, and nothing of the data: ${source}`, async () => {
      const body = { secret: SECRET_LIKE, list: [{ secret: SECRET_LIKE, token: SECRET_LIKE }, { token: SECRET_LIKE }] }
      const result = await evaluate(source, body)
      expect(result).toMatchObject({ ok: false, reason: 'failed', detail: expect.stringMatching(detail) })
      expect(JSON.stringify(result)).not.toContain(SECRET_LIKE)
    })
  }

  test('is a result even when the payload plays the parts of JSONata', async () => {
    const pretender = {
      _jsonata_function: true,
      _jsonata_lambda: true,
      thunk: true,
      token: SECRET_LIKE,
      position: SECRET_LIKE,
      body: { procedure: {} },
      environment: {},
      arguments: [],
    }
    const body = {
      f: pretender,
      list: [pretender, pretender],
      sequence: true,
      tupleStream: true,
      outerWrapper: true,
      cons: true,
    }
    for (const source of [
      'body.list.a',
      '$map(body.list, function($x) { $x })',
      '$lookup(body, "f")',
      '(body.f)()',
      'body[tupleStream = true]',
      '$string(body)',
      '**',
      'body{"a": $}',
      '[body.f]',
      'body.f ~> $string()',
    ]) {
      const result = await evaluate(source, body)
      expect(JSON.stringify(result.ok ? {} : result)).not.toContain(SECRET_LIKE)
    }
  })
})

test('refuses to compile what is wrong, naming the place', () => {
  expect(() => compileExpression('body.x & $sha265(raw)')).toThrow(GatewayError)
  expect(() => compileExpression('body.x & $sha265(raw)')).toThrow(
    expect.objectContaining({ code: 'expression_invalid', hint: 'Did you mean $sha256?', details: { position: 9 } }),
  )
})

test('lets the event loop go on between many slow expressions', async () => {
  const slow = compileExpression('$map([1..200], function($x) { $string($x) })')
  const scope = scopeWith()
  let others = 0
  const other = setInterval(() => (others += 1), 0)
  const all = await Promise.all(Array.from({ length: 200 }, async () => slow.evaluate(scope)))
  clearInterval(other)
  expect(all.every((result) => result.ok)).toBe(true)
  expect(others).toBeGreaterThan(3)
})

function deepFreeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member)
    Object.freeze(value)
  }
  return value
}
