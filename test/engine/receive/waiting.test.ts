import { describe, expect, test } from 'vitest'
import type { ProviderSpec } from '../../../src/domain/provider-spec.gen.ts'
import type { Interpretation } from '../../../src/engine/receive/interpret.ts'
import { createConnectionList } from '../../../src/cli/spec-test/connection-list.ts'
import { compileExpression, type RequestParts } from '../../verify/verifying.ts'
import type { ExpressionCompiler } from '../../../src/verify/verifier.ts'
import { type Given, interpretAtOnce } from './interpreting.ts'

/** The same expressions, each of which keeps its caller waiting. */
const compileSlowly: ExpressionCompiler = (source) => {
  const expression = compileExpression(source)
  return { source, evaluate: async (scope, extra) => expression.evaluate(scope, extra) }
}

const connections = [
  { id: 'acme', metadata: { account: 'a-1' } },
  { id: 'globex', metadata: { account: 'a-2', site: 's-2' } },
]

const cases: { name: string; spec: Partial<ProviderSpec>; requests: RequestParts[] }[] = [
  {
    name: 'one event, with several rules',
    spec: {
      event: { type: 'body.type', dedupe: 'body.id', time: { value: 'body.at', unit: 's' }, skip: 'body.test' },
      match: [
        { field: 'metadata.account', equals: 'body.account', when: 'body.site = null or $not($exists(body.site))' },
        { field: 'metadata.site', equals: 'body.site' },
      ],
    },
    requests: [
      { body: '{"type":"a","id":"1","at":1772445600,"account":"a-1"}' },
      { body: '{"type":"b","id":2,"account":"nobody","site":"s-2"}' },
      { body: '{"type":"c","account":["a-1","a-2"]}' },
      { body: '{"type":"d","test":true,"account":"a-1"}' },
      { body: '{"type":{"no":"text"},"account":"nobody"}' },
      { body: 'no JSON' },
    ],
  },
  {
    name: 'expressions that fail',
    spec: {
      event: { type: '$number(body.type)', dedupe: '$number(body.id)' },
      match: [
        { field: 'metadata.account', equals: '$number(body.account)' },
        { field: 'metadata.site', equals: 'body.site', when: '$number(body.when)' },
      ],
    },
    requests: [
      { body: '{"type":"x","id":"y","account":"z","when":"w"}' },
      { body: '{"type":"x","site":"s-2","when":"1"}' },
    ],
  },
  {
    name: 'a batch',
    spec: {
      event: { each: 'body.items', type: 'event.type' },
      match: [{ field: 'metadata.account', equals: 'event.account' }],
    },
    requests: [
      { body: '{"items":[{"type":"a","account":"a-1"},{"type":"b","account":"a-2"},{"type":"c"}]}' },
      { body: '{"items":[]}' },
      { body: '{"items":7}' },
    ],
  },
  {
    name: 'answers by condition, handshakes before and after verification',
    spec: {
      handshakes: [
        { name: 'failing', when: '$number(body.kind) = 1', verified: false, answer: { text: 'never' } },
        { name: 'early', when: 'body.kind = "ping"', verified: false, answer: { value: 'body.challenge' } },
        { name: 'late', when: 'body.kind = "check"', answer: { text: 'checked' } },
      ],
      answers: [
        { when: '$number(body.kind) = 1', answer: { status: 500 } },
        { when: 'body.kind = "slow"', answer: { status: 202, headers: { 'x-kind': { expression: 'body.kind' } } } },
        { answer: { text: 'ok' } },
      ],
    },
    requests: ['ping', 'check', 'slow', 'other'].map((kind) => ({ body: JSON.stringify({ kind, challenge: 'c' }) })),
  },
]

/** Everything but the ids, which count on, and what is only a place to ask. */
function summary(meaning: Interpretation): unknown {
  const { kind, answer, problems } = meaning
  if (kind !== 'accepted') return { kind, answer, problems, name: kind === 'handshake' ? meaning.name : null }
  const events = meaning.events.map(({ id: _id, ...event }) => event)
  return { kind, answer, problems, events, connections: [...meaning.connections.keys()], views: meaning.views.length }
}

for (const { name, spec, requests } of cases) {
  describe(name, () => {
    for (const [at, request] of requests.entries()) {
      test(`request ${at + 1} means the same whether expressions and look-ups answer at once or later`, async () => {
        const list = createConnectionList(connections.map(({ id, metadata }) => ({ connection_id: id, metadata })))
        const slowList = {
          findConnections: async (...query: Parameters<typeof list.findConnections>) => list.findConnections(...query),
        }
        const expected = summary(await interpretAtOnce(spec, request, { connections }))
        const slowly: Given[] = [
          { connections, compileExpression: compileSlowly },
          { connections, directory: slowList },
          { connections, compileExpression: compileSlowly, directory: slowList },
        ]
        for (const given of slowly) expect(summary(await interpretAtOnce(spec, request, given))).toEqual(expected)
      })
    }
  })
}

test('an ordinary request needs no promise', () => {
  const [{ spec, requests }] = cases as [(typeof cases)[number]]
  expect(interpretAtOnce(spec, requests[0]!, { connections })).not.toBeInstanceOf(Promise)
})
