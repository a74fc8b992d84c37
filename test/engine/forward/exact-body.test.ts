import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import type { DeliveryId } from '../../../src/domain/ids.ts'
import { forwardBody } from '../../../src/engine/forward/body.ts'
import { signatureHeaders } from '../../../src/engine/forward/headers.ts'
import { planDeliveries } from '../../../src/engine/forward/plan.ts'
import { createForwardSigner } from '../../../src/engine/forward/signature.ts'
import { Secret } from '../../../src/domain/secret.ts'
import { APP } from '../../support/dispatching.ts'
import { someDelivery } from '../../support/memory-queue.ts'

const bytes = Buffer.from('a=1&payload=%7B%7D')
const received = { bytes, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
const exact = { id: 'dlv_1' as DeliveryId, destination: APP, body: 'exact' as const, received }

test('the exact body is the request, byte for byte, under its own content type', () => {
  expect(forwardBody(someDelivery(exact))).toEqual({ bytes, contentType: 'application/x-www-form-urlencoded' })
})

test('of a batch with items of others only the own items are sent, never the whole request', () => {
  const batch = Buffer.from('{"events":[{"id":1},{"id":2}]}')
  const payload = {
    kind: 'json' as const,
    bytes: batch,
    batchPath: ['events'],
    contentType: 'application/json',
    headers: {},
  }
  const body = forwardBody(someDelivery({ ...exact, positions: [1], payload, received: { ...received, bytes: batch } }))
  expect(Buffer.from(body!.bytes).toString()).toBe('{"events":[{"id":2}]}')
})

test('the provider signs with the headers its spec names, and with no other', () => {
  const headers = {
    'x-hub-signature-256': 'sha256=1',
    'webhook-signature': 'v1,abc',
    'content-digest': 'sha-256=:x:',
    'content-length': '5',
    authorization: 'Bearer t',
    'x-token': '[secret]',
    'x-other': 'o',
  }
  const names = [...Object.keys(headers).filter((name) => name !== 'x-other'), 'x-absent']
  expect(signatureHeaders(headers, names)).toEqual({
    'x-hub-signature-256': 'sha256=1',
    'postern-provider-webhook-signature': 'v1,abc',
    'content-digest': 'sha-256=:x:',
  })
})

test('a plan says what the destination wants, and leaves out what its filter stops', () => {
  const event = (position: number) => ({
    id: `evt_${position}` as never,
    position,
    type: null,
    dedupeKey: null,
    occurredAt: null,
    match: { kind: 'matched' as const, connections: ['c' as never], field: 'x' },
  })
  let made = 0
  const planned = planDeliveries({
    integration: { forward: [APP, 'none' as never], unmatched: 'raw' },
    events: [event(0), event(1)],
    connections: new Map(),
    ids: { next: () => `dlv_${(made += 1)}` as never },
    destinations: new Map([[APP as string, { body: 'exact', order: 'connection' }]]),
    passing: new Map([
      [APP, new Set(['evt_1' as never])],
      ['none' as never, new Set()],
    ]),
  })
  expect(planned).toMatchObject([
    { destination: APP, body: 'exact', ordered: true, eventIds: ['evt_1'], positions: [1], connectionId: 'c' },
  ])
  expect(planned).toHaveLength(1)
})

test('while two secrets are live both sign, the first one for old clients', () => {
  const [current, old] = [new Secret('current secret!'), new Secret('old secret!')]
  const signed = createForwardSigner()({
    secrets: [current, old],
    id: 'dlv_1' as DeliveryId,
    timestamp: 1,
    body: bytes,
  })
  const expected = ['current secret!', 'old secret!'].map(
    (secret) => `v1,${createHmac('sha256', secret).update('dlv_1.1.').update(bytes).digest('base64')}`,
  )
  expect(signed['webhook-signature']).toBe(expected.join(' '))
  expect(signed['X-Nango-Hmac-Sha256']).toBe(createHmac('sha256', 'current secret!').update(bytes).digest('hex'))
})
