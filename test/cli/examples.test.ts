import { describe, expect, test } from 'vitest'
import { findExample, slugOf, typicalExample } from '../../src/cli/examples.ts'
import type { Example, ProviderSpec } from '../../src/domain/provider-spec.gen.ts'

function example(name: string, expect: Example['expect'], connections: string[] = []): Example {
  return { name, given: { connections: connections.map((id) => ({ connection_id: id })) }, request: {}, expect }
}

const SPEC: ProviderSpec = {
  provider: 'acme',
  name: 'Acme',
  docs: 'https://acme.example.com',
  confidence: 'docs',
  verify: [{ scheme: 'token', secret: 'token', signature: { header: 'x-token' } }],
  event: { type: 'body.type' },
  examples: [
    example('a wrong token', { refused: 'token_mismatch', events: [{ type: 'ping' }] }),
    example("the owner's ping", { events: [{ type: 'ping' }] }),
    example('an order is created', { events: [{ type: 'order.created' }] }, ['shop']),
    example('an order is paid', { events: [{ type: 'order.paid' }] }, ['shop']),
  ],
}

test('a slug is the sentence in lower case with hyphens', () => {
  expect(slugOf("  GitHub's vector: body (no JSON)! ")).toBe('githubs-vector-body-no-json')
  expect(slugOf('été 2026')).toBe('été-2026')
})

describe('an example is found', () => {
  const cases = [
    { name: 'by its sentence', wanted: 'an order is paid', found: 'an order is paid' },
    { name: 'by its slug', wanted: 'the-owners-ping', found: "the owner's ping" },
    {
      name: 'by the beginning of the slug, where no other begins so',
      wanted: 'an-order-is-p',
      found: 'an order is paid',
    },
    { name: 'by the type of an event, though not one that is refused', wanted: 'ping', found: "the owner's ping" },
  ]
  for (const { name, wanted, found } of cases) test(name, () => expect(findExample(SPEC, wanted).name).toBe(found))
})

describe('an example is not found', () => {
  const cases = [
    { name: 'where several begin so', wanted: 'an-order', says: '2 examples of acme begin with "an-order"' },
    { name: 'where none is called so', wanted: 'refund', says: 'has no example "refund"' },
    { name: 'by nothing', wanted: '', says: 'has no example ""' },
  ]
  for (const { name, wanted, says } of cases) test(name, () => expect(() => findExample(SPEC, wanted)).toThrow(says))

  test('with a mistyped name, but the right one is suggested', () => {
    expect(() => findExample(SPEC, 'an-ordr-is-paid')).toThrow(
      expect.objectContaining({ code: 'example_unknown', hint: 'Did you mean "an-order-is-paid"?' }),
    )
  })
})

test('the typical example is an accepted event that reaches a connection', () => {
  expect(typicalExample(SPEC).name).toBe('an order is created')
  expect(typicalExample({ ...SPEC, examples: [SPEC.examples[0], SPEC.examples[1]!] }).name).toBe("the owner's ping")
  expect(typicalExample({ ...SPEC, examples: [SPEC.examples[0]] }).name).toBe('a wrong token')
})
