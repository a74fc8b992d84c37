import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { acme, specFolder } from './spec-folder.ts'

/** A spec of which only verification and examples matter. */
function spec(verify: string, examples: string, rest = ''): string {
  return `provider: acme
name: Acme
docs: https://acme.example/webhooks
confidence: docs
${verify}
event: { type: body.type }
match: [{ field: connection_config.account, equals: event.account }]
${rest}
examples:
${examples}`
}

const HMAC = `secrets: { key: { where: there } }
verify: [{ scheme: hmac-sha256, secret: key, signature: { header: X-Signature }, signed: "{body}" }]`

const ED25519 = `secrets: { public_key: { where: there } }
verify: [{ scheme: ed25519, secret: public_key, key: { encoding: hex }, signature: { header: X-Signature }, signed: "{body}" }]`

const PINNED = `verify:
  - scheme: ed25519
    public_key: "${generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}"
    key: { encoding: der }
    signature: { header: X-Signature }
    signed: "{body}"`

const JWT = `options: { audience: { where: there, required: true } }
verify:
  - scheme: jwt
    jwks: https://acme.example/keys
    algorithms: [ES256]
    signature: { header: Authorization, prefix: "Bearer " }
    claims: { iss: acme, aud: { expression: options.audience } }`

const UNVERIFIED = `verify: [{ scheme: unverified, reason: Acme signs nothing at all }]`

const BODY = `'{"type":"a"}'`

async function run(text: string): Promise<{ readonly exitCode: number; readonly out: string }> {
  return specFolder({ 'specs/acme.yaml': text }).test([], { attacks: false })
}

describe('what an example leaves unsaid', () => {
  const passing: { name: string; text: string }[] = [
    {
      name: 'secrets are made up',
      text: spec(HMAC, `  - { name: one, request: { body: ${BODY} }, expect: { scheme: hmac-sha256 } }`),
    },
    {
      name: 'no secret is made up beside those that are given',
      text: spec(
        HMAC,
        `  - { name: one, request: { body: ${BODY} }, expect: {} }
  - { name: two, given: { secrets: {} }, request: { body: ${BODY} }, expect: { refused: secret_missing } }`,
      ),
    },
    {
      name: 'a request is not signed that carries a signature',
      text: spec(
        HMAC,
        `  - { name: one, request: { body: ${BODY} }, expect: {} }
  - { name: two, request: { headers: { x-signature: "00" }, body: ${BODY} }, expect: { refused: signature_mismatch } }
  - { name: three, request: { headers: { x-signature: "00" }, body: ${BODY} }, sign: true, expect: {} }
  - { name: four, request: { body: ${BODY} }, sign: false, expect: { refused: signature_missing } }`,
      ),
    },
    {
      name: 'a key pair is made for a secret that is a public key',
      text: spec(
        ED25519,
        `  - { name: one, request: { body: ${BODY} }, expect: {} }
  - { name: two, given: { secrets: { public_key: "${'00'.repeat(32)}" } }, request: { body: ${BODY} }, expect: {} }
  - { name: three, request: { body: ${BODY} }, sign: false, expect: { refused: signature_missing } }`,
      ),
    },
    {
      name: 'a key pair takes the place of a pinned key where the runner signs',
      text: spec(
        PINNED,
        `  - { name: one, request: { body: ${BODY} }, expect: {} }
  - name: two
    request: { headers: { X-Signature: "${'00'.repeat(64)}" }, body: ${BODY} }
    expect: { refused: signature_mismatch }`,
      ),
    },
    {
      name: 'published keys never come from the network, and a required option is made up',
      text: spec(JWT, `  - { name: one, request: { body: ${BODY} }, expect: {} }`),
    },
    {
      name: 'nothing is signed where nothing proves anything',
      text: spec(UNVERIFIED, `  - { name: one, request: { body: ${BODY} }, expect: { scheme: unverified } }`),
    },
    {
      name: 'a scheme that is expected to accept is the one that signs',
      text: spec(
        `secrets: { key: { where: there } }
verify:
  - { name: new, scheme: hmac-sha256, secret: key, signature: { header: X-New }, signed: "{body}" }
  - { name: old, scheme: hmac-sha256, secret: key, signature: { header: X-Old }, signed: "{body}" }`,
        `  - { name: one, request: { body: ${BODY} }, expect: { scheme: new } }
  - { name: two, request: { body: ${BODY} }, expect: { scheme: old } }
  - { name: three, request: { body: ${BODY} }, sign: old, expect: { scheme: old } }`,
      ),
    },
    {
      name: 'the clock stands at 10:00 UTC on 2 March 2026',
      text: spec(
        UNVERIFIED,
        `  - { name: one, request: { body: ${BODY} }, expect: { answer: { text: "1772445600000" } } }
  - { name: two, given: { now: "2020-01-01T00:00:00Z" }, request: { body: ${BODY} }, expect: { answer: { text: "1577836800000" } } }`,
        'answers: [{ answer: { value: $string(now) } }]',
      ),
    },
    {
      name: 'the provider calls https://hooks.example.com/webhook/<provider>',
      text: spec(
        UNVERIFIED,
        `  - { name: one, request: { query: a=1, body: ${BODY} }, expect: { answer: { text: "https://hooks.example.com/webhook/acme?a=1" } } }
  - { name: two, given: { public_url: "https://h.example/x" }, request: { body: ${BODY} }, expect: { answer: { text: "https://h.example/x" } } }`,
        'answers: [{ answer: { value: url } }]',
      ),
    },
    {
      name: 'the content type fits the body',
      text: spec(
        UNVERIFIED,
        `  - { name: one, request: { json: { a: 1 } }, expect: { answer: { text: "application/json" } } }
  - { name: two, request: { form: { a: "1 2" } }, expect: { answer: { text: application/x-www-form-urlencoded } } }
  - { name: three, request: { body: '{"a":1}' }, expect: { answer: { text: application/json } } }
  - { name: four, request: { body: a=1 }, expect: { answer: { text: application/x-www-form-urlencoded } } }
  - { name: five, request: { base64: /w== }, expect: { answer: { text: application/octet-stream } } }
  - { name: six, request: { method: GET }, expect: { answer: { text: none } } }
  - { name: seven, request: { headers: { Content-Type: text/xml }, body: <a/> }, expect: { answer: { text: text/xml } } }`,
        'body: [json, form]\nanswers: [{ answer: { value: "headers.`content-type` ?? \\"none\\"" } }]',
      ),
    },
  ]
  for (const { name, text } of passing) {
    test(name, async () => {
      const { exitCode, out } = await run(text)
      expect(exitCode, out).toBe(0)
    })
  }

  test('a request that cannot be signed goes out unsigned, and the report of its failure says so', async () => {
    const { out } = await run(
      spec(HMAC, `  - { name: one, given: { secrets: {} }, request: { body: ${BODY} }, expect: {} }`),
    )
    expect(out).toContain('remark: sent unsigned: The request cannot be signed')
    expect(out).toContain('refused: secret_missing')
  })
})

describe('what is forwarded', () => {
  const CONNECTIONS =
    'connections: [{ connection_id: x, connection_config: { account: 1 } }, { connection_id: y, connection_config: { account: 2 } }]'
  const passing: { name: string; text: string }[] = [
    {
      name: 'each connection gets its own events of a batch, and the rest goes out unmatched',
      text: spec(
        UNVERIFIED,
        `  - name: one
    given: { ${CONNECTIONS} }
    request: { body: '{"v": 1, "events": [{"account": 1}, {"account":2}, {"account":3}, {"account" :1}]}' }
    expect:
      events: [{ connections: [x] }, { connections: [y] }, { connections: [] }, { connections: [x] }]
      forwarded:
        - { connection: x, payload: { v: 1, events: [{ account: 1 }, { account: 1 }] } }
        - { connection: y, payload_text: '{"v": 1, "events": [ {"account":2}]}' }
        - { connection: null, payload: { v: 1, events: [{ account: 3 }] } }`,
      ).replace('event: { type: body.type }', 'event: { each: body.events, type: event.type }'),
    },
    {
      name: 'text is compared as text',
      text: spec(
        UNVERIFIED,
        `  - name: one
    request: { body: '<a>"quoted"</a>' }
    expect: { forwarded: [{ connection: null, headers: { content-type: text/plain; charset=utf-8 }, payload: '<a>"quoted"</a>', payload_text: '<a>"quoted"</a>' }] }
  - name: two
    given: { ${CONNECTIONS} }
    request: { query: account=1, body: '<a>"quoted"</a>' }
    expect: { forwarded: [{ connection: x, headers: { content-type: application/json }, payload_text: '<a>"quoted"</a>' }] }`,
        'body: text',
      ).replace('equals: event.account', 'equals: query.account'),
    },
    {
      name: 'nothing is forwarded of a request that is refused or a handshake',
      text: spec(
        HMAC,
        `  - { name: one, request: { body: ${BODY} }, sign: false, expect: { refused: signature_missing, events: [], forwarded: [], answer: 401 } }
  - { name: two, request: { json: { hello: yes } }, expect: { handshake: hello, answer: { text: "yes" }, events: [], forwarded: [] } }`,
        'handshakes: [{ name: hello, when: $exists(body.hello), answer: { value: body.hello } }]',
      ).replace('{ hello: yes }', '{ hello: "yes" }'),
    },
  ]
  for (const { name, text } of passing) {
    test(name, async () => {
      const { exitCode, out } = await run(text)
      expect(exitCode, out).toBe(0)
    })
  }
})

test('a verification that lets everything pass is noticed by an example that expects a refusal', async () => {
  const { exitCode, out } = await run(
    spec(
      UNVERIFIED,
      `  - { name: one, request: { body: ${BODY} }, expect: {} }
  - { name: two, request: { body: ${BODY} }, expect: { refused: signature_mismatch } }`,
    ),
  )
  expect(out).toMatch(/- "refused: signature_mismatch"\n\s+\+ "accepted"/)
  expect(exitCode).toBe(1)
})

test('examples do not see what others before them have left behind', async () => {
  const example = (name: string): string => `  - name: ${name}
    request: { json: { type: order.placed, id: o-1, account: a } }
    expect: { events: [{ dedupe: o-1, connections: [] }], forwarded: [{ connection: null }] }
`
  expect((await run(acme(example('one') + example('two')))).out).toContain('2 passed, 0 failed')
})
