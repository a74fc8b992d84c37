/** What an example of a webhook says that syncs are asked for, proven by `postern test`. */
import { expect, test } from 'vitest'
import { specFolder } from '../spec-folder.ts'

function spec(expected: string, type = 'contact.changed'): string {
  return `provider: acme
name: Acme
docs: https://acme.example/webhooks
confidence: docs
secrets: { key: { where: there } }
verify: [{ scheme: hmac-sha256, secret: key, signature: { header: X-Signature }, signed: "{body}", does_not_cover: [time] }]
event: { each: body.events, type: event.type }
match: [{ field: connection_config.account, equals: event.account }]
syncs:
  contacts:
    model: Contact
    request: { get: "https://acme.example/contacts" }
    records: { list: response.body }
    fetch: { request: { get: "https://acme.example/contacts/{id}" } }
    on:
      contact.changed: { fetch: event.contact }
      contact.merged: { upsert: 'event.kept.{ "id": id, "account": $$.connection.metadata.name }', forward: true }
      contact.deleted: { delete: event.gone }
      contact.*: run
    examples: [{ name: none, answers: [{ json: [] }], expect: { records: [] } }]
examples:
  - name: events
    given:
      connections:
        - { connection_id: one, connection_config: { account: a }, metadata: { name: First } }
        - { connection_id: two, connection_config: { account: a } }
    request: { json: { events: [{ type: ${type}, account: a, contact: 51, kept: { id: 7 }, gone: [8, 9] }, { type: contact.changed, account: b }] } }
    expect:
      syncs: ${expected}
`
}

const met = [
  {
    name: 'a fetch for each connection that an event matched',
    type: 'contact.changed',
    expected:
      '[{ sync: contacts, connection: one, fetch: ["51"] }, { sync: contacts, connection: two, fetch: ["51"] }]',
  },
  {
    name: 'deletions of several ids',
    type: 'contact.deleted',
    expected:
      '[{ sync: contacts, connection: one, delete: ["8", "9"] }, { sync: contacts, connection: two, delete: ["8", "9"] }]',
  },
  {
    name: 'records as the connection makes them, and that they are forwarded',
    type: 'contact.merged',
    expected:
      '[{ sync: contacts, connection: one, upsert: [{ id: 7, account: First }], forward: true }, { sync: contacts, connection: two, upsert: [{ id: 7 }], forward: true }]',
  },
  {
    name: 'runs',
    type: 'contact.touched',
    expected: '[{ sync: contacts, connection: one, run: true }, { sync: contacts, connection: two, run: true }]',
  },
  { name: 'nothing', type: 'deal.changed', expected: '[]' },
]
for (const { name, type, expected } of met) {
  test(`passes for ${name}`, async () => {
    const { exitCode, out } = await specFolder({ 'acme.yaml': spec(expected, type) }).test(['acme.yaml'])
    expect([exitCode, out]).toEqual([0, expect.stringContaining('2 passed, 0 failed')])
  })
}

test('fails with both when something else is asked, at the place where it is expected', async () => {
  const expected =
    '[{ sync: contacts, connection: one, delete: ["51"] }, { sync: contacts, connection: two, fetch: ["51"] }]'
  const { exitCode, out } = await specFolder({ 'acme.yaml': spec(expected) }).test(['acme.yaml'])
  expect(exitCode).toBe(1)
  expect(out).toMatch(
    /expected syncs\[0\] \(acme\.yaml:\d+:\d+\)\n[\s\S]*- {3}"delete": \["51"\]\n\s+\+ {3}"fetch": \["51"\]/,
  )
})

test('says why an event became a run instead of what was declared', async () => {
  const text = spec(
    '[{ sync: contacts, connection: one, fetch: ["51"] }, { sync: contacts, connection: two, fetch: ["51"] }]',
  )
  const { exitCode, out } = await specFolder({ 'acme.yaml': text.replace('contact: 51', 'person: 51') }).test([
    'acme.yaml',
  ])
  expect(exitCode).toBe(1)
  expect(out).toContain('contacts: fetch gave nothing usable; the sync runs instead')
})

test('the event types of a sync that no example proves are missing in the coverage', async () => {
  const { out } = await specFolder({
    'acme.yaml': spec('[]', 'contact.deleted').replace('      syncs: []\n', '      answer: 200\n'),
  }).test(['acme.yaml'], { coverage: true })
  expect(out).toContain('syncs.contacts.on.contact.deleted is not reached')
  const proven = spec(
    '[{ sync: contacts, connection: one, run: true }, { sync: contacts, connection: two, run: true }]',
    'contact.new',
  )
  const { out: better } = await specFolder({ 'acme.yaml': proven }).test(['acme.yaml'], { coverage: true })
  expect(better).toContain('syncs.contacts.on.contact.changed is not reached')
  expect(better).not.toContain('on.contact.* is')
})
