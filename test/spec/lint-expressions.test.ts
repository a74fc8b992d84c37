import { describe, expect, test } from 'vitest'
import type { ProviderSpec } from '../../src/domain/provider-spec.gen.ts'
import { lintExpressions } from '../../src/spec/lint-expressions.ts'

interface Seen {
  readonly path: string
  readonly code: string
  readonly message: string
  readonly hint: string
}

function findings(change: Partial<ProviderSpec>): Seen[] {
  const spec: ProviderSpec = {
    provider: 'acme',
    name: 'Acme',
    docs: 'https://acme.example',
    confidence: 'docs',
    secrets: { key: { where: 'there' } },
    verify: [{ scheme: 'token', secret: 'key', signature: { header: 'x-token' } }],
    event: { type: 'body.type' },
    examples: [{ name: 'one', request: {}, expect: {} }],
    ...change,
  }
  const seen: Seen[] = []
  lintExpressions(spec, ({ path, code, message, hint }) =>
    seen.push({ path: path.join('.'), code, message, hint: hint ?? '' }),
  )
  return seen
}

const token = { scheme: 'token', secret: 'key' } as const

describe('every expression of a spec is checked', () => {
  const places: { path: string; change: Partial<ProviderSpec> }[] = [
    { path: 'verify.0.when', change: { verify: [{ ...token, signature: { header: 'x' }, when: 'body.(' }] } },
    { path: 'verify.0.signature.body', change: { verify: [{ ...token, signature: { body: 'body.(' } }] } },
    {
      path: 'verify.0.timestamp.body',
      change: { verify: [{ ...token, signature: { header: 'x' }, timestamp: { body: 'body.(', unit: 's' } }] },
    },
    {
      path: 'verify.0.claims.aud.expression',
      change: { verify: [{ scheme: 'jwt', claims: { iss: 'acme', aud: { expression: 'body.(' } } }] },
    },
    { path: 'handshakes.0.when', change: { handshakes: [{ name: 'hello', when: 'body.(', answer: {} }] } },
    {
      path: 'handshakes.0.answer.value',
      change: { handshakes: [{ name: 'hello', when: 'true', answer: { value: 'body.(' } }] },
    },
    { path: 'event.type', change: { event: { type: 'body.(' } } },
    { path: 'event.dedupe', change: { event: { type: 'body.t', dedupe: 'body.(' } } },
    { path: 'event.time.value', change: { event: { type: 'body.t', time: { value: 'body.(', unit: 's' } } } },
    { path: 'event.skip', change: { event: { type: 'body.t', skip: 'body.(' } } },
    { path: 'match.0.equals', change: { match: [{ field: 'connection_id', equals: 'body.(' }] } },
    { path: 'match.0.when', change: { match: [{ field: 'connection_id', equals: 'body.a', when: 'body.(' }] } },
    { path: 'answers.0.when', change: { answers: [{ when: 'body.(', answer: {} }] } },
    { path: 'answers.0.answer.value', change: { answers: [{ answer: { value: 'body.(' } }] } },
    { path: 'refused.value', change: { refused: { value: 'body.(' } } },
  ]
  for (const { path, change } of places) {
    test(path, () => expect(findings(change)).toMatchObject([{ path, code: 'spec_invalid_expression' }]))
  }
})

describe('in the condition of an event', () => {
  const cases = [
    { name: 'a plain path is right', source: 'body.type', codes: [] },
    {
      name: 'the whole language is right',
      source: '$exists(event.a) and headers.`x-topic` = "a" ? body.b : $$.query.c',
      codes: [],
    },
    {
      name: 'a name that is not there is found',
      source: 'boddy.type',
      codes: ['spec_invalid_expression'],
      hint: 'body',
    },
    {
      name: 'a function that is not there is found',
      source: '$lowrcase(body.type)',
      codes: ['spec_invalid_expression'],
      hint: 'lowercase',
    },
    {
      name: 'a header in capitals is found',
      source: 'headers."X-Topic"',
      codes: ['spec_header_capitals'],
      hint: 'headers.`x-topic`',
    },
    {
      name: 'a header in capitals within more is found',
      source: '[1, $uppercase($$.headers.Topic & "x")]',
      codes: ['spec_header_capitals'],
    },
    {
      name: 'a header in capitals by $lookup is found',
      source: '$lookup(headers, "X-Topic")',
      codes: ['spec_header_capitals'],
    },
    {
      name: 'a header in brackets is found',
      source: 'headers["x-topic"]',
      codes: ['spec_header_filter'],
      hint: 'headers.`x-topic`',
    },
    {
      name: 'headers of the payload may have capitals',
      source: 'body.headers.Topic & body[headers.Topic = 1].id',
      codes: [],
    },
    { name: 'item is out of place', source: 'item.id', codes: ['spec_name_out_of_place'], hint: 'each:' },
    { name: 'claims are out of place', source: 'claims.sub', codes: ['spec_name_out_of_place'] },
    {
      name: '$secret is out of place',
      source: '$hmac("sha256", $secret("key"), body.a)',
      codes: ['spec_name_out_of_place'],
    },
    { name: 'reading the scope as a whole is right', source: '$$ ~> $string', codes: [] },
  ]
  for (const { name, source, codes, hint } of cases) {
    test(name, () => {
      const seen = findings({ event: { type: 'body.type', skip: source } })
      expect(seen.map((finding) => finding.code)).toEqual(codes)
      if (hint !== undefined) expect(seen[0]?.hint).toContain(hint)
    })
  }
})

test('event is out of place before verification', () => {
  const seen = findings({ verify: [{ ...token, signature: { header: 'x' }, when: 'event.type = "a"' }] })
  expect(seen).toMatchObject([{ path: 'verify.0.when', code: 'spec_name_out_of_place' }])
  expect(seen[0]?.hint).toContain('write body')
})

test('item is at its place under each', () => {
  expect(findings({ verify: [{ ...token, each: 'body.items', signature: { body: 'item.token' } }] })).toEqual([])
})

test('claims are at their place in the conditions of claims', () => {
  const claims = { email: { expression: 'claims.email = options.email' } }
  expect(findings({ verify: [{ scheme: 'jwt', claims }] })).toEqual([])
})

describe('in the answer of a handshake', () => {
  const withAnswer = (value: string): Partial<ProviderSpec> => ({
    handshakes: [{ name: 'hello', when: 'true', answer: { value } }],
  })

  test('$secret is at its place', () => {
    expect(findings(withAnswer('$hmac("sha256", $secret("key"), body.challenge)'))).toEqual([])
  })

  test('$secret must name a secret of the spec', () => {
    const seen = findings(withAnswer('$hmac("sha256", $secret("kee"), body.challenge)'))
    expect(seen).toMatchObject([
      { path: 'handshakes.0.answer.value', code: 'spec_undeclared_secret', hint: 'Declared are: key.' },
    ])
  })
})
