import { describe, expect, test } from 'vitest'
import { compareExpectations } from '../../../src/cli/spec-test/expectations.ts'
import type { Observation } from '../../../src/cli/spec-test/observation.ts'
import type { Example } from '../../../src/domain/provider-spec.gen.ts'

const accepted: Observation = {
  request: { method: 'POST', url: 'https://hooks.example.com/', headers: [], rawBody: new Uint8Array() },
  outcome: { kind: 'accepted' },
  scheme: 'v1',
  answer: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"status":"success"}' },
  events: [
    { type: 'a', dedupe: '1', time: '2026-03-02T10:00:00.000Z', skipped: false, connections: ['x', 'y'] },
    { type: 'b', dedupe: null, time: null, skipped: true, connections: [] },
  ],
  forwarded: [
    {
      connection: 'x',
      headers: { topic: 't' },
      payload: { id: '12345678901234567890', n: 1 },
      payloadText: '{"id":12345678901234567890,"n":1}',
    },
    { connection: null, headers: {}, payload: 'text', payloadText: 'text' },
  ],
  syncs: [
    { sync: 'contacts', connection: 'x', fetch: ['51'] },
    { sync: 'contacts', connection: 'y', run: true },
  ],
  captured: {},
  confirms: null,
  problems: [],
}
const refused: Observation = {
  ...accepted,
  outcome: { kind: 'refused', code: 'signature_mismatch', detail: 'wrong' },
  answer: { status: 401, headers: {}, body: '' },
  events: [],
  forwarded: [],
}
const handshake: Observation = { ...refused, outcome: { kind: 'handshake', name: 'challenge' }, scheme: null }

/** Paths of what was not met. */
function unmet(expectation: Example['expect'], seen: Observation): string[] {
  return compareExpectations(expectation, seen).map(({ path }) => path.join('.'))
}

describe('the outcome', () => {
  const cases: { name: string; expect: Example['expect']; seen: Observation; unmet: string[] }[] = [
    { name: 'is acceptance where nothing is said', expect: {}, seen: accepted, unmet: [] },
    { name: 'is acceptance also where only a status is said', expect: { answer: 401 }, seen: refused, unmet: [''] },
    { name: 'is not met by a handshake that was not expected', expect: {}, seen: handshake, unmet: [''] },
    {
      name: 'is met by a refusal of the same code',
      expect: { refused: 'signature_mismatch', answer: 401 },
      seen: refused,
      unmet: [],
    },
    {
      name: 'is not met by a refusal of another code',
      expect: { refused: 'signature_missing' },
      seen: refused,
      unmet: ['refused'],
    },
    {
      name: 'is not met by acceptance of what should be refused',
      expect: { refused: 'signature_mismatch' },
      seen: accepted,
      unmet: ['refused'],
    },
    { name: 'is met by the handshake of that name', expect: { handshake: 'challenge' }, seen: handshake, unmet: [] },
    { name: 'is not met by another handshake', expect: { handshake: 'other' }, seen: handshake, unmet: ['handshake'] },
    {
      name: 'stands for all that follows from it',
      expect: { answer: 200, events: [{}], forwarded: [{}] },
      seen: refused,
      unmet: [''],
    },
  ]
  for (const { name, expect: expectation, seen, unmet: paths } of cases) {
    test(name, () => expect(unmet(expectation, seen)).toEqual(paths))
  }
})

describe('of an accepted request', () => {
  const cases: { name: string; expect: Example['expect']; unmet: string[] }[] = [
    { name: 'the scheme is compared', expect: { scheme: 'v2' }, unmet: ['scheme'] },
    { name: 'the status may stand alone', expect: { answer: 202 }, unmet: ['answer'] },
    {
      name: 'header names are compared without regard to case',
      expect: { answer: { headers: { 'Content-Type': 'application/json' } } },
      unmet: [],
    },
    { name: 'headers that are not listed do not count', expect: { answer: { headers: {} } }, unmet: [] },
    {
      name: 'a header that is missing counts',
      expect: { answer: { headers: { etag: 'x' } } },
      unmet: ['answer.headers.etag'],
    },
    {
      name: 'the text of the answer is compared exactly',
      expect: { answer: { text: '{"status": "success"}' } },
      unmet: ['answer.text'],
    },
    { name: 'the JSON of the answer is compared whole', expect: { answer: { json: {} } }, unmet: ['answer.json'] },
    {
      name: 'members of an event that are not listed do not count',
      expect: { events: [{ type: 'a' }, {}] },
      unmet: [],
    },
    { name: 'the number of events counts', expect: { events: [{ type: 'a' }] }, unmet: ['events'] },
    {
      name: 'every listed member of an event counts',
      expect: { events: [{ type: 'b', dedupe: '2' }, { skipped: false }] },
      unmet: ['events.0.type', 'events.0.dedupe', 'events.1.skipped'],
    },
    {
      name: 'null is a value of its own',
      expect: { events: [{ dedupe: null }, { dedupe: null, time: null }] },
      unmet: ['events.0.dedupe'],
    },
    {
      name: 'times are compared as instants',
      expect: { events: [{ time: '2026-03-02T11:00:00+01:00' }, {}] },
      unmet: [],
    },
    {
      name: 'a time that differs counts',
      expect: { events: [{ time: '2026-03-02T10:00:01Z' }, {}] },
      unmet: ['events.0.time'],
    },
    { name: 'connections are compared in any order', expect: { events: [{ connections: ['y', 'x'] }, {}] }, unmet: [] },
    {
      name: 'connections are compared whole',
      expect: { events: [{ connections: ['x'] }, {}] },
      unmet: ['events.0.connections'],
    },
    { name: 'the number of forwards counts', expect: { forwarded: [] }, unmet: ['forwarded'] },
    {
      name: 'null is the connection of what nobody matched',
      expect: { forwarded: [{ connection: 'x' }, { connection: null }] },
      unmet: [],
    },
    {
      name: 'headers of a forward may be a few of them',
      expect: { forwarded: [{ headers: { Topic: 't' } }, { headers: { topic: 't' } }] },
      unmet: ['forwarded.1.headers.topic'],
    },
    {
      name: 'a payload is compared whole, its order left aside',
      expect: { forwarded: [{ payload: { n: 1, id: '12345678901234567890' } }, { payload: 'text' }] },
      unmet: [],
    },
    {
      name: 'a payload with a member too few counts',
      expect: { forwarded: [{ payload: { n: 1 } }, {}] },
      unmet: ['forwarded.0.payload'],
    },
    {
      name: 'the text of a payload is compared byte for byte',
      expect: { forwarded: [{ payload_text: '{"id":12345678901234567890,"n": 1}' }, { payload_text: 'text' }] },
      unmet: ['forwarded.0.payload_text'],
    },
    {
      name: 'what is asked of syncs is met by the same list',
      expect: {
        syncs: [
          { sync: 'contacts', connection: 'x', fetch: ['51'], forward: false },
          { sync: 'contacts', connection: 'y', run: true },
        ],
      },
      unmet: [],
    },
    {
      name: 'what is asked of syncs is compared item by item, kind and all',
      expect: {
        syncs: [
          { sync: 'contacts', connection: 'x', delete: ['51'] },
          { sync: 'contacts', connection: 'y', run: true },
        ],
      },
      unmet: ['syncs.0'],
    },
    { name: 'nothing asked of syncs is an empty list', expect: { syncs: [] }, unmet: ['syncs'] },
  ]
  for (const { name, expect: expectation, unmet: paths } of cases) {
    test(name, () => expect(unmet(expectation, accepted)).toEqual(paths))
  }
})

test('where the number of forwards differs, what is shown of each is what was asked for', () => {
  const [difference] = compareExpectations({ forwarded: [{ connection: 'x', headers: { topic: 't' } }] }, accepted)
  expect(difference).toEqual({
    path: ['forwarded'],
    expected: [{ connection: 'x', headers: { topic: 't' } }],
    seen: [{ connection: 'x', headers: { topic: 't' } }, { connection: null }],
  })
})
