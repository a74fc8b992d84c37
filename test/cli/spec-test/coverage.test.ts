import { describe, expect, test } from 'vitest'
import { specFolder } from './spec-folder.ts'

const SPEC = `provider: acme
name: Acme
docs: https://acme.example/webhooks
confidence: docs
secrets: { key: { where: there }, token: { where: there } }
body: [json, form]
verify:
  - { scheme: hmac-sha256, secret: key, signature: { header: X-Signature }, signed: "{body}", does_not_cover: [time, url, headers] }
  - { scheme: token, secret: token, signature: { header: X-Token }, unless_configured: [key], does_not_cover: [body, time] }
handshakes:
  - { name: hello, when: $exists(body.hello), answer: { value: body.hello } }
event:
  each: body.events
  type: event.type
  dedupe: event.id
  time: { value: event.at, unit: s }
  skip: event.type = "noise"
match:
  - { field: connection_config.account, equals: event.account }
  - { field: metadata.account, equals: event.account }
strip: [body.secret]
forward: { headers: [X-Topic, X-Other], query: [who] }
answers:
  - { when: body.quiet, answer: { status: 204 } }
  - { answer: { status: 202 } }
examples:
`

const BATCH = `  - name: a batch
    given: { connections: [{ connection_id: x, metadata: { account: "7" } }] }
    request:
      headers: { X-Topic: orders }
      json: { events: [{ type: a, id: "1", account: 7 }, { type: noise }], secret: s3cret-of-the-body }
    expect: { events: [{ type: a, connections: [x] }, { skipped: true }] }
`

async function coverageOf(examples: string): Promise<Record<string, unknown>> {
  const { out } = await specFolder({ 'specs/acme.yaml': SPEC + examples }).test([], { json: true, coverage: true })
  const { coverage, results } = JSON.parse(out) as {
    coverage: readonly Record<string, unknown>[]
    results: readonly { status: string; reason?: string }[]
  }
  expect(results.filter(({ status }) => status === 'broken')).toEqual([])
  const spec = coverage[0]!
  const clauses = (name: string): string[] => (spec[name] as { clause: string }[]).map(({ clause }) => clause)
  return { ...spec, unreached: clauses('unreached'), unneeded: clauses('unneeded_admissions') }
}

describe('coverage', () => {
  test('names the clauses that no example reaches', async () => {
    expect(await coverageOf(BATCH)).toMatchObject({
      provider: 'acme',
      file: 'specs/acme.yaml',
      reached: 10,
      total: 18,
      unreached: [
        'body[1] (form)',
        'verify[1] (token)',
        'handshakes[0] (hello)',
        'event.time',
        'match[0] (connection_config.account)',
        'forward.headers[1] (X-Other)',
        'forward.query[0] (who)',
        'answers[0]',
      ],
    })
  })

  test('names the admissions that excused no attack, of the alternatives that were attacked', async () => {
    expect(await coverageOf(BATCH)).toMatchObject({ unneeded: [] })
    const { out } = await specFolder({
      'specs/acme.yaml': SPEC.replace('[time, url,', '[time, method, url,') + BATCH,
    }).test([], {
      coverage: true,
    })
    expect(out).toContain('specs/acme.yaml:8:118  verify[0].does_not_cover[1] (method) has excused no attack')
  })

  const more = [
    {
      name: 'a kind of body',
      example: '  - { name: more, request: { form: { a: b } }, expect: {} }\n',
      reaches: 'body[1] (form)',
    },
    {
      name: 'an alternative',
      example:
        '  - { name: more, given: { secrets: { token: abcdefgh } }, request: { json: { a: b } }, expect: { scheme: token } }\n',
      reaches: 'verify[1] (token)',
    },
    {
      name: 'a handshake',
      example: '  - { name: more, request: { json: { hello: you } }, expect: { handshake: hello } }\n',
      reaches: 'handshakes[0] (hello)',
    },
    {
      name: 'a member of events',
      example: '  - { name: more, request: { json: { events: [{ at: 1772445600 }] } }, expect: {} }\n',
      reaches: 'event.time',
    },
    {
      name: 'a match rule that finds somebody',
      example:
        '  - { name: more, given: { connections: [{ connection_id: y, connection_config: { account: "8" } }] }, request: { json: { events: [{ account: 8 }] } }, expect: { events: [{ connections: [y] }] } }\n',
      reaches: 'match[0] (connection_config.account)',
    },
    {
      name: 'a parameter that is forwarded',
      example: '  - { name: more, request: { query: who=me, json: { events: [{ type: a }] } }, expect: {} }\n',
      reaches: 'forward.query[0] (who)',
    },
    {
      name: 'an answer whose condition holds',
      example: '  - { name: more, request: { json: { quiet: true } }, expect: { answer: 204 } }\n',
      reaches: 'answers[0]',
    },
  ]
  for (const { name, example, reaches } of more) {
    test(`reaches ${name} with an example of it`, async () => {
      const before = (await coverageOf(BATCH))['unreached'] as string[]
      const after = (await coverageOf(BATCH + example))['unreached'] as string[]
      expect(before).toContain(reaches)
      expect(after).not.toContain(reaches)
    })
  }

  test('is printed with the place of each clause, and fails nothing', async () => {
    const { exitCode, out } = await specFolder({ 'specs/acme.yaml': SPEC + BATCH }).test([], { coverage: true })
    expect(out).toContain(
      'Coverage: examples reach 10 of 18 clauses\n  specs/acme.yaml:6:14  body[1] (form) is not reached\n',
    )
    expect(exitCode).toBe(0)
  })

  test('is not printed unless it is asked for', async () => {
    const folder = specFolder({ 'specs/acme.yaml': SPEC + BATCH })
    expect((await folder.test()).out).not.toContain('Coverage')
    expect(JSON.parse((await folder.test([], { json: true })).out)).not.toHaveProperty('coverage')
  })
})
