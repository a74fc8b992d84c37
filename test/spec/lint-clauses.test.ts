/** What the linter says of the clauses that only mean something together. */
import { describe, expect, test } from 'vitest'
import type { ProviderSpec } from '../../src/domain/provider-spec.gen.ts'
import { lintSpec } from '../../src/spec/lint.ts'

const because = 'It is asked before any secret is known.'
const sound: ProviderSpec = {
  provider: 'acme',
  name: 'Acme',
  docs: 'https://example.com',
  confidence: 'docs',
  secrets: { secret: { where: 'there' }, token: { where: 'there' } },
  verify: [
    {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'x-signature' },
      signed: '{body}',
      also: [{ scheme: 'token', secret: 'token', signature: { header: 'x-token' }, does_not_cover: ['body'] }],
    },
  ],
  event: { type: 'event.type' },
  match: [{ field: 'metadata.id', equals: 'event.id' }],
  examples: [{ name: 'one', request: {}, expect: {} }],
}

function findings(changes: Partial<ProviderSpec>): string[] {
  const found: string[] = []
  lintSpec({ ...sound, ...changes }, ({ path, code }) => found.push(`${path.join('.')} ${code}`))
  return found
}
const [first] = sound.verify

test('finds nothing wrong with what is sound', () => {
  expect(findings({})).toEqual([])
  expect(
    findings({
      verify: [
        {
          ...first,
          connection: { field: 'metadata.hook', equals: 'body.hook' },
          signature: { header: 'x-signature', format: 't={timestamp},v1={signature}' },
          signed: '{timestamp}.{text}',
          texts: { text: 'parts.timestamp & raw' },
          timestamp: { part: 'timestamp', unit: 's' },
          require: ['parts.timestamp = headers.`x-time`'],
        },
      ],
      handshakes: [
        {
          name: 'asks',
          when: '$isToken(query.challenge)',
          verified: false,
          because,
          token: { secret: 'token', query: 'token' },
          otherwise: { status: 404 },
          answer: { headers: { 'X-A': { expression: '$hmac("sha256", $secret("secret"), query.challenge)' } } },
        },
      ],
      event: { each: 'body.a[].b', type: 'event.type', dedupe: 'outer.id & position & list' },
    }),
  ).toEqual([])
})

describe('finds', () => {
  const cases: readonly { readonly name: string; readonly changes: Partial<ProviderSpec>; readonly finding: string }[] =
    [
      {
        name: 'a URL that is visited on the word of anybody',
        changes: {
          handshakes: [
            {
              name: 'it',
              when: 'true',
              verified: false,
              because,
              confirm: { url: 'body.u', hosts: ['a.example.com'] },
              answer: {},
            },
          ],
        },
        finding: 'handshakes.0.confirm spec_unverified_confirm',
      },
      {
        name: 'an answer to a wrong token where none is asked for',
        changes: { handshakes: [{ name: 'it', when: 'true', answer: {}, otherwise: { status: 404 } }] },
        finding: 'handshakes.0.otherwise spec_useless_clause',
      },
      {
        name: 'a secret captured for a connection that nobody names',
        changes: {
          handshakes: [
            { name: 'it', when: 'true', answer: {}, capture: { secret: 'token', from: 'raw', scope: 'connection' } },
          ],
        },
        finding: 'handshakes.0.capture spec_capture_without_connection',
      },
      {
        name: 'a captured secret that is not declared',
        changes: { handshakes: [{ name: 'it', when: 'true', answer: {}, capture: { secret: 'other', from: 'raw' } }] },
        finding: 'handshakes.0.capture.secret spec_undeclared_secret',
      },
      {
        name: 'a digest in a header of whatever a caller sends',
        changes: {
          handshakes: [
            {
              name: 'it',
              when: 'query.a',
              verified: false,
              because,
              answer: { headers: { A: { expression: '$hmac("sha256", $secret("secret"), query.a)' } } },
            },
          ],
        },
        finding: 'handshakes.0.answer spec_signing_oracle',
      },
      {
        name: 'a proof beside another whose secret is not declared',
        changes: {
          verify: [
            {
              ...first,
              also: [{ scheme: 'token', secret: 'nobody', signature: { header: 'x' }, does_not_cover: ['body'] }],
            },
          ],
        },
        finding: 'verify.0.also.0.secret spec_undeclared_secret',
      },
      {
        name: 'a secret in the template of a key that is not declared',
        changes: { verify: [{ ...first, key: { template: '{secret:nobody}{secret}' } }] },
        finding: 'verify.0.key.template spec_undeclared_secret',
      },
      {
        name: 'a placeholder that nothing fills',
        changes: { verify: [{ ...first, signed: '{body}{nothing}' }] },
        finding: 'verify.0.signed spec_unknown_placeholder',
      },
      {
        name: 'another way to write the text that leaves the body out',
        changes: { verify: [{ ...first, or_signed: ['{method}'] }] },
        finding: 'verify.0.or_signed.0 spec_body_not_covered',
      },
      {
        name: 'an expression for the text that is none',
        changes: { verify: [{ ...first, signed: '{body}{t}', texts: { t: '$(' } }] },
        finding: 'verify.0.texts.t spec_invalid_expression',
      },
      {
        name: 'claims where there is no token',
        changes: { event: { type: 'claims.type' } },
        finding: 'event.type spec_name_out_of_place',
      },
      {
        name: 'what is around an event that nothing is around',
        changes: { event: { each: 'body.a', type: 'outer.id' } },
        finding: 'event.type spec_name_out_of_place',
      },
      {
        name: 'a requirement over events',
        changes: { verify: [{ ...first, require: ['event.id'] }] },
        finding: 'verify.0.require.0 spec_name_out_of_place',
      },
      {
        name: 'the secret of an example that is not declared, also of a connection',
        changes: {
          examples: [
            {
              name: 'one',
              given: { connections: [{ connection_id: 'a', secrets: { nobody: 'x' } }] },
              request: {},
              expect: {},
            },
          ],
        },
        finding: 'examples.0.given.connections.0.secrets.nobody spec_undeclared_secret',
      },
      {
        name: 'a header under one of its other names that carries a token',
        changes: {
          verify: [
            {
              scheme: 'token',
              secret: 'token',
              signature: { header: 'x-a', aliases: ['X-B'] },
              does_not_cover: ['body'],
            },
          ],
          secrets: { token: { where: 'there' } },
          forward: { headers: ['x-b'] },
        },
        finding: 'forward.headers.0 spec_forwards_secret',
      },
    ]
  for (const { name, changes, finding } of cases) {
    test(name, () => expect(findings(changes)).toContain(finding))
  }
})
