import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventMatch } from '../../../src/domain/event.ts'
import { GatewayError } from '../../../src/domain/errors.ts'
import type { ConnectionId } from '../../../src/domain/ids.ts'
import { given, NOW } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

export function acceptingRequests(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  test('keeps a request with its headers, body, events and deliveries as they were given', async () => {
    const { acceptance, connectionId, destination, integration } = given()
    const accepted = acceptance({
      problems: ['an expression failed'],
      request: { durationMs: 2.25, answerStatus: 202 },
    })
    await opened.store.acceptRequest(accepted)

    const { request, events, deliveries } = accepted
    expect(await opened.store.getRequest(request.id)).toEqual({
      id: request.id,
      integration,
      provider: 'acme',
      receivedAt: NOW,
      outcome: 'accepted',
      method: 'POST',
      target: `/webhook/${integration}`,
      answerStatus: 202,
      durationMs: 2.25,
      scheme: 'sha256',
      secretFingerprint: 'abcdef01',
      clockSkewMs: 120,
      refusal: null,
      handshake: null,
      problems: ['an expression failed'],
      eventCount: 1,
      bodyBytes: 7,
      remoteAddress: '127.0.0.1',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{"a":1}'),
      events: [await opened.store.getEvent(events[0]!.id)],
      deliveries: [await withoutAttempts(opened, deliveries[0]!.id)],
    })
    expect(await opened.store.getEvent(events[0]!.id)).toEqual({
      id: events[0]!.id,
      requestId: request.id,
      integration,
      provider: 'acme',
      receivedAt: NOW,
      position: 0,
      type: 'thing.changed',
      dedupeKey: null,
      occurredAt: NOW - 1_000,
      status: 'matched',
      matchedBy: 'connection_config.account',
      detail: null,
      connections: [connectionId],
    })
    expect(await opened.store.getDelivery(deliveries[0]!.id)).toEqual({
      id: deliveries[0]!.id,
      requestId: request.id,
      eventIds: [events[0]!.id],
      integration,
      provider: 'acme',
      connectionId,
      destination,
      state: 'pending',
      deathReason: null,
      attemptCount: 0,
      createdAt: NOW,
      dueAt: NOW,
      finishedAt: null,
      lastStatus: null,
      lastError: null,
      attempts: [],
    })
  })

  test('answers with the deliveries as they were planned', async () => {
    const accepted = given().acceptance({
      payload: { batchPath: [] },
      events: [{}, {}],
      deliveries: [{ positions: [0, 1] }],
    })
    const receipt = await opened.store.acceptRequest(accepted)
    expect(receipt.duplicates.size).toBe(0)
    expect(receipt.stored.map(({ id, positions, eventIds }) => ({ id, positions, eventIds }))).toEqual([
      { id: accepted.deliveries[0]!.id, positions: [0, 1], eventIds: accepted.events.map(({ id }) => id) },
    ])
  })

  test('keeps every byte of the body and of a payload that differs from it', async () => {
    const { acceptance, destination } = given()
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const bytes = Buffer.from('{"id":12345678901234567890,"b":1,"a":2}')
    const accepted = acceptance({ request: { body }, payload: { bytes, headers: { 'x-event': 'push' } } })
    await opened.store.acceptRequest(accepted)
    expect((await opened.store.getRequest(accepted.request.id))?.body).toEqual(body)
    const [claimed] = await opened.store.claimDueDeliveries({ destination, now: NOW, limit: 1, leaseUntil: NOW + 1 })
    expect(Buffer.from(claimed!.payload.bytes).toString()).toBe(bytes.toString())
    expect(claimed!.payload.headers).toEqual({ 'x-event': 'push' })
  })

  test('keeps an empty body and a request without events or deliveries', async () => {
    const accepted = given().acceptance({ body: '', events: [], deliveries: [], payload: null })
    const receipt = await opened.store.acceptRequest(accepted)
    expect(receipt).toEqual({ duplicates: new Set(), stored: [] })
    const kept = await opened.store.getRequest(accepted.request.id)
    expect(kept).toMatchObject({ outcome: 'accepted', eventCount: 0, bodyBytes: 0, events: [], deliveries: [] })
    expect(kept?.body).toHaveLength(0)
  })

  const texts = [
    { name: 'a NUL character', text: 'before\u0000after' },
    { name: 'characters beyond the basic plane', text: 'übergrößen 🏰 ಠ_ಠ' },
    { name: 'quotes and backslashes', text: `'; DROP TABLE requests; -- "\\` },
    { name: 'nothing', text: '' },
  ]
  for (const { name, text } of texts) {
    test(`keeps texts that hold ${name}`, async () => {
      const { acceptance, integration } = given()
      const headers = JSON.parse(JSON.stringify({ 'x-text': text, constructor: text })) as Record<string, string>
      const accepted = acceptance({ events: [{ type: text, dedupeKey: text }], request: { headers, target: text } })
      await opened.store.acceptRequest(accepted)
      const kept = await opened.store.getRequest(accepted.request.id)
      expect(kept).toMatchObject({ headers, target: text, events: [{ type: text, dedupeKey: text, integration }] })
    })
  }

  test('keeps a header named __proto__ as a plain header', async () => {
    const headers = JSON.parse('{"__proto__":"evil"}') as Record<string, string>
    const accepted = given().acceptance({ request: { headers } })
    await opened.store.acceptRequest(accepted)
    const kept = await opened.store.getRequest(accepted.request.id)
    expect(Object.entries(kept!.headers)).toEqual([['__proto__', 'evil']])
  })

  test('rounds times with a fraction, as providers send them', async () => {
    const accepted = given().acceptance({ events: [{ occurredAt: 1_772_445_600_123.75 }] })
    await opened.store.acceptRequest(accepted)
    expect(await opened.store.getEvent(accepted.events[0]!.id)).toMatchObject({ occurredAt: 1_772_445_600_124 })
  })

  const matches: { name: string; match: EventMatch; kept: object }[] = [
    {
      name: 'matched by several connections',
      match: { kind: 'matched', connections: ['b', 'a'] as ConnectionId[], field: 'metadata.team.id' },
      kept: { status: 'matched', matchedBy: 'metadata.team.id', connections: ['b', 'a'], detail: null },
    },
    {
      name: 'that no connection matches',
      match: { kind: 'unmatched', reason: 'no_connection' },
      kept: { status: 'unmatched', matchedBy: null, connections: [], detail: 'no_connection' },
    },
    {
      name: 'whose expression failed, with the cause',
      match: { kind: 'unmatched', reason: 'expression_failed', detail: 'T2001 at 7' },
      kept: { status: 'unmatched', connections: [], detail: 'expression_failed: T2001 at 7' },
    },
    {
      name: 'that was skipped',
      match: { kind: 'skipped' },
      kept: { status: 'skipped', connections: [], detail: null },
    },
  ]
  for (const { name, match, kept } of matches) {
    test(`keeps an event ${name}`, async () => {
      const accepted = given().acceptance({
        events: [{ match, type: null, occurredAt: null }],
        deliveries: [],
        payload: null,
      })
      await opened.store.acceptRequest(accepted)
      const event = await opened.store.getEvent(accepted.events[0]!.id)
      expect(event).toMatchObject({ ...kept, type: null, occurredAt: null })
    })
  }

  test('keeps a batch of 10,000 events and hands it out as one delivery', async () => {
    const { acceptance, destination } = given()
    const events = Array.from({ length: 10_000 }, (_, at) => ({ dedupeKey: `key-${at}` }))
    const accepted = acceptance({ events, payload: { batchPath: ['items'] }, dedupeSince: NOW - 1 })
    await opened.store.acceptRequest(accepted)
    const kept = await opened.store.getRequest(accepted.request.id)
    expect(kept?.events.map(({ id }) => id)).toEqual(accepted.events.map(({ id }) => id))
    const [claimed] = await opened.store.claimDueDeliveries({ destination, now: NOW, limit: 1, leaseUntil: NOW + 1 })
    expect(claimed?.eventIds).toHaveLength(10_000)
  })

  test('stores nothing of a request it rejects, and all of those that came with it', async () => {
    const { acceptance } = given()
    const [first, second] = [acceptance(), acceptance()]
    const repeated = acceptance({ request: { id: first.request.id } })
    const results = await Promise.allSettled([first, repeated, second].map((one) => opened.store.acceptRequest(one)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const reason: unknown = results[1]!.status === 'rejected' ? results[1]!.reason : null
    expect(reason).toBeInstanceOf(GatewayError)
    expect(reason).toMatchObject({ code: 'store_unavailable' })
    expect(await opened.store.getEvent(repeated.events[0]!.id)).toBeNull()
    expect(await opened.store.getDelivery(repeated.deliveries[0]!.id)).toBeNull()
    expect(await opened.store.getEvent(first.events[0]!.id)).not.toBeNull()
    expect(await opened.store.getEvent(second.events[0]!.id)).not.toBeNull()
  })

  test('keeps a refused request with its cause', async () => {
    const { request, acceptance } = given()
    const refused = request({ answerStatus: 401 })
    const cause = {
      code: 'signature_mismatch',
      scheme: 'sha256',
      detail: 'no live secret fits',
      clockSkewMs: 400,
    } as const
    opened.store.recordRefusal({ request: refused, ...cause })
    await opened.store.acceptRequest(acceptance()) // what came later is on disk, so what came before is
    expect(await opened.store.getRequest(refused.id)).toMatchObject({
      outcome: 'refused',
      answerStatus: 401,
      scheme: 'sha256',
      clockSkewMs: 400,
      refusal: { code: 'signature_mismatch', detail: 'no live secret fits' },
      handshake: null,
      eventCount: 0,
      body: Buffer.from('{"a":1}'),
    })
  })

  test('keeps an answered handshake with its name', async () => {
    const { request, acceptance } = given()
    const shaken = request()
    opened.store.recordHandshake({ request: shaken, name: 'url_verification' })
    await opened.store.acceptRequest(acceptance())
    expect(await opened.store.getRequest(shaken.id)).toMatchObject({
      outcome: 'handshake',
      handshake: 'url_verification',
      refusal: null,
      scheme: null,
    })
  })
}

async function withoutAttempts({ store }: OpenedStore, id: Parameters<OpenedStore['store']['getDelivery']>[0]) {
  const { attempts: _, ...delivery } = (await store.getDelivery(id))!
  return delivery
}
