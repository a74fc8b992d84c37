import { describe, expect, test } from 'vitest'
import { acme, PASSING, specFolder } from './spec-folder.ts'

const ADMITS = '    does_not_cover: [time, headers]\n'

interface JsonReport {
  readonly success: boolean
  readonly summary: { readonly attacks: Readonly<Record<string, number>> | null; readonly failed: number }
  readonly results: readonly {
    readonly status: string
    readonly attacks: { readonly survivors: readonly Record<string, unknown>[] } | null
  }[]
  readonly admissions: readonly Record<string, unknown>[]
}

async function reportOf(text: string, options: { attacks?: boolean } = {}): Promise<JsonReport> {
  const { out } = await specFolder({ 'specs/acme.yaml': text }).test([], { json: true, ...options })
  return JSON.parse(out) as JsonReport
}

describe('an attack that survives', () => {
  const text = acme(PASSING).replace(ADMITS, '    does_not_cover: [time]\n')

  test('fails the run and is shown with its name, what came of it, the line of the spec, and the request for a shell', async () => {
    const { exitCode, out } = await specFolder({ 'specs/acme.yaml': text }).test()
    expect(out).toContain(`✗ specs/acme.yaml:23:5  acme: an order is placed
  attack survived: header x-acme-topic missing
    accepted by "v1" with other headers or destinations of the forward (specs/acme.yaml:8:5), received at 2026-03-02T10:00:00.000Z
    curl -i -X POST 'https://hooks.example.com/webhook/acme' \\
      -H 'content-type: application/json' \\
      -H 'x-acme-signature: sha256=`)
    expect(out).toContain(
      `--data-binary '{"type":"order.placed","id":"o-1","at":1772445600,"account":12345678901234567890}'`,
    )
    expect(out).toContain('and 5 more: header x-acme-topic changed, ')
    expect(out).toContain('If the scheme cannot see this, add headers to does_not_cover of "v1".')
    expect(out).toMatch(/\d\d attacks: 6 survived, /)
    expect(out).toContain('0 passed, 1 failed in 1 spec')
    expect(exitCode).toBe(1)
  })

  test('stands in the JSON report with all of the request', async () => {
    const { success, summary, results } = await reportOf(text)
    expect({ success, failed: summary.failed, survived: summary.attacks?.['survived'] }).toEqual({
      success: false,
      failed: 1,
      survived: 6,
    })
    expect(results[0]?.attacks?.survivors[1]).toMatchObject({
      file: 'specs/acme.yaml',
      line: 8,
      column: 5,
      attack: 'header x-acme-topic changed',
      against: 'headers',
      clause: 'v1',
      received_at: '2026-03-02T10:00:00.000Z',
      request: {
        method: 'POST',
        url: 'https://hooks.example.com/webhook/acme',
        headers: expect.arrayContaining([['x-acme-topic', 'attacker']]) as unknown,
        body: '{"type":"order.placed","id":"o-1","at":1772445600,"account":12345678901234567890}',
      },
    })
  })

  test('is a failure in the JUnit report', async () => {
    const folder = specFolder({ 'specs/acme.yaml': text })
    await folder.test([], { junit: 'report.xml' })
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(`${folder.path}/report.xml`, 'utf8')).toContain(
      '<failure message="attack survived: header x-acme-topic missing, header x-acme-topic changed, ',
    )
  })

  test('has control characters written out, so that a terminal does not obey it', async () => {
    const example = `  - { name: one, request: { headers: { X-Acme-Topic: "or\\e[2Jders" }, body: '{}' }, expect: {} }\n`
    const { out } = await specFolder({
      'specs/acme.yaml': acme(example).replace(ADMITS, '    does_not_cover: [headers]\n'),
    }).test()
    expect(out).toContain(`-H 'x-acme-topic: or\\x1b[2Jders'`)
    expect(out).not.toContain('\u001b')
  })
})

describe('what a spec admits', () => {
  test('excuses what the scheme cannot see, is counted and listed', async () => {
    const { exitCode, out } = await specFolder({ 'specs/acme.yaml': acme(PASSING) }).test()
    expect(out).toContain('Not covered by the schemes, as their specs admit:\n  acme  v1: time, headers\n')
    expect(out).toMatch(/\d\d attacks: 0 survived, \d+ refused, \d+ harmless, [1-9]\d* admitted/)
    expect(exitCode).toBe(0)
    const { admissions, summary } = await reportOf(acme(PASSING))
    expect(admissions).toEqual([
      {
        file: 'specs/acme.yaml',
        line: 7,
        column: 1,
        provider: 'acme',
        alternatives: [{ name: 'v1', admits: ['time', 'headers'] }],
      },
    ])
    expect(Object.keys(summary.attacks ?? {})).toEqual(['killed', 'harmless', 'admitted', 'survived'])
  })

  test('excuses nothing that changes the proof itself', async () => {
    const everything = acme(PASSING).replace(ADMITS, '    does_not_cover: [body, time, url, method, headers]\n')
    const { summary } = await reportOf(everything)
    expect(summary.attacks).toMatchObject({ survived: 0 })
    expect(summary.attacks?.['killed']).toBeGreaterThan(30)
  })
})

test('without attacks only the examples run', async () => {
  const { exitCode, out } = await specFolder({ 'specs/acme.yaml': acme(PASSING).replace(ADMITS, '') }).test([], {
    attacks: false,
  })
  expect(out).toBe(
    '✓ specs/acme.yaml:23:5  acme: an order is placed\n1 passed, 0 failed in 1 spec (0.00 s)'.replace('23:5', '22:5'),
  )
  expect(exitCode).toBe(0)
})

test('an example that is refused, or not as expected, is not attacked', async () => {
  const { results } = await reportOf(
    acme(`${PASSING}  - { name: two, request: { body: '{}' }, sign: false, expect: { refused: signature_missing } }
  - { name: three, request: { body: '{}' }, expect: { answer: 500 } }
`),
  )
  expect(results.map(({ status, attacks }) => [status, attacks === null])).toEqual([
    ['passed', false],
    ['passed', true],
    ['failed', true],
  ])
})

test('the same attacks are made, with the same outcome, in every run', async () => {
  expect(await reportOf(acme(PASSING).replace(ADMITS, ''))).toEqual(await reportOf(acme(PASSING).replace(ADMITS, '')))
})

describe('requests that prove themselves in other ways are attacked too', () => {
  const spec = (verify: string, rest: string, examples: string): string => `provider: acme
name: Acme
docs: https://acme.example/webhooks
confidence: docs
${verify}
event: { type: body.type }
match: [{ field: connection_config.account, equals: body.account }]
${rest}
examples:
${examples}`
  const HMAC = `secrets: { key: { where: there } }
verify: [{ scheme: hmac-sha256, secret: key, signature: { header: X-Signature }, signed: "{body}", does_not_cover: [time] }]`

  test('a provider that signs nothing by its ingress token', async () => {
    const { summary, admissions } = await reportOf(
      spec(
        'verify: [{ scheme: unverified, reason: Acme signs nothing at all }]',
        '',
        '  - { name: one, request: { body: "{}" }, expect: {} }\n',
      ),
    )
    expect(summary.attacks).toEqual({ killed: 6, harmless: 0, admitted: 0, survived: 0 })
    expect(admissions).toMatchObject([{ alternatives: [{ name: 'unverified', admits: ['everything'] }] }])
  })

  test('a verified handshake, which nobody else may ask for', async () => {
    const { summary } = await reportOf(
      spec(
        HMAC,
        'handshakes: [{ name: hello, when: $exists(body.hello), answer: { value: body.hello } }]',
        '  - { name: one, request: { json: { hello: "there" } }, expect: { handshake: hello } }\n',
      ),
    )
    expect(summary.attacks).toMatchObject({ survived: 0 })
    expect(summary.attacks?.['killed']).toBeGreaterThan(30)
  })

  test('a handshake that anybody may ask for has nothing to attack', async () => {
    const { results } = await reportOf(
      spec(
        HMAC,
        'handshakes: [{ name: hello, when: $exists(query.hello), verified: false, because: it comes before the secret, answer: { value: query.hello } }]',
        '  - { name: one, request: { method: GET, query: hello=there }, sign: false, expect: { handshake: hello } }\n',
      ),
    )
    expect(results).toMatchObject([{ status: 'passed', attacks: null }])
  })

  test('what a spec would read, were it there, is put there', async () => {
    const { results } = await reportOf(
      spec(
        HMAC,
        'forward: { headers: [X-Extra], query: [who] }',
        '  - { name: one, request: { json: { type: a } }, expect: {} }\n',
      ),
    )
    const survivors = results[0]?.attacks?.survivors.map((one) => one['attack'])
    expect(survivors).toEqual(['header x-extra added', 'query parameter who added'])
  })
})
