import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { APP, HOUR, MINUTE, SECOND, SIGNING_SECRET, useDispatching } from '../../support/dispatching.ts'
import { eventually } from '../../support/gateway.ts'
import { hang, reset } from '../../support/receiver.ts'
import type { Answer } from '../../support/receiver.ts'

const use = useDispatching()

describe('a delivery', () => {
  test('that waits in the store is sent at start, signed, and done', async () => {
    const { world } = use
    const waiting = world.delivery({
      payload: {
        kind: 'json',
        bytes: Buffer.from('{"id": 12345678901234567890, "b":1, "a":2}'),
        batchPath: null,
        contentType: 'application/json',
        headers: { 'x-github-event': 'push', cookie: 'c' },
      },
    })
    world.queue.add(waiting)
    await world.dispatcher.start()
    const request = await world.receiver.waitFor(1)
    expect(request.body.toString()).toBe(
      '{"from":"github","providerConfigKey":"github-prod","type":"forward","connectionId":"acme","payload":{"id": 12345678901234567890, "b":1, "a":2}}',
    )
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'x-github-event': 'push',
      'webhook-id': waiting.id,
      'user-agent': 'Postern',
    })
    expect(request.headers).not.toHaveProperty('cookie')
    expect(() => new Webhook(SIGNING_SECRET).verify(request.body.toString(), { ...request.headers })).not.toThrow()
    await world.stateOf(waiting.id, 'delivered')
    expect(world.receiver.requests).toHaveLength(1)
  })

  test('is told of in one line with every id and the decision', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.receiver.answerWith({ status: 503, headers: { 'retry-after': '60' } })
    const id = world.store()
    await world.stateOf(id, 'pending')
    const [line, ...others] = await eventually(
      () => world.linesNamed('delivery.attempted'),
      (lines) => lines.length > 0,
    )
    expect(others).toEqual([])
    expect(line).toMatchObject({
      level: 'warn',
      facts: {
        delivery_id: id,
        attempt_id: expect.stringMatching(/^att_/) as string,
        request_id: 'req_1',
        event_ids: ['evt_1'],
        events: 1,
        integration: 'github-prod',
        provider: 'github',
        connection_id: 'acme',
        destination: 'app',
        attempt: 1,
        trigger: 'auto',
        outcome: 'retryable',
        reason: 'status',
        status: 503,
        detail: 'answered 503',
        next: 'retry',
        retry_at: world.clock.now() + MINUTE,
      },
    })
  })

  test("goes to its connection's own URL, with the limits and headers of the destination", async () => {
    const { world } = use
    world.destine(APP, { url: 'http://127.0.0.1:1/', headers: { 'X-Key': 'k' } })
    await world.dispatcher.start()
    const id = world.store({ urlOverride: `${world.receiver.url}/tenant/acme` })
    const request = await world.receiver.waitFor(1)
    expect(request).toMatchObject({ path: '/tenant/acme', headers: { 'x-key': 'k' } })
    await world.stateOf(id, 'delivered')
    expect(world.row(id).attempts[0]!.url).toBe(`${world.receiver.url}/tenant/acme`)
  })

  test('never shows the password of its URL', async () => {
    const { world } = use
    world.destine(APP, { url: world.receiver.url.replace('http://', 'http://user:hunter2@') })
    await world.dispatcher.start()
    const id = world.store()
    await world.stateOf(id, 'delivered')
    expect(world.row(id).attempts[0]!.url).toBe(world.receiver.url)
    expect(JSON.stringify(world.journal)).not.toContain('hunter2')
  })

  test('whose items cannot be found in its payload is not sent, and not lost', async () => {
    const { world } = use
    await world.dispatcher.start()
    const id = world.store({
      positions: [7],
      payload: {
        kind: 'json',
        bytes: Buffer.from('[1,2]'),
        batchPath: [],
        contentType: 'application/json',
        headers: {},
      },
    })
    await world.attemptsOf(id, 1)
    expect(world.queue.rows.get(id)).toMatchObject({
      state: 'pending',
      attempts: [
        { outcome: { kind: 'retryable', detail: expect.stringContaining('not in the stored payload') as string } },
      ],
    })
    expect(world.receiver.requests).toHaveLength(0)
  })
})

describe('after a failure', () => {
  test('the waits follow the schedule, under the same webhook-id, until it is exhausted', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.receiver.answerWith({ status: 500, body: 'broken' })
    const id = world.store()
    const waits: number[] = []
    for (let tries = 1; tries < 10; tries += 1) {
      await world.attemptsOf(id, tries)
      waits.push(world.row(id).dueAt - world.clock.now())
      await world.goToDueTimeOf(id)
    }
    await world.stateOf(id, 'dead')
    expect(waits).toEqual([
      5 * SECOND,
      5 * MINUTE,
      30 * MINUTE,
      2 * HOUR,
      5 * HOUR,
      10 * HOUR,
      14 * HOUR,
      20 * HOUR,
      24 * HOUR,
    ])
    expect(world.queue.rows.get(id)).toMatchObject({ deathReason: 'retries_exhausted' })
    expect(world.receiver.requests).toHaveLength(10)
    expect(new Set(world.receiver.requests.map((request) => request.headers['webhook-id']))).toEqual(new Set([id]))
    expect(new Set(world.receiver.requests.map((request) => request.headers['webhook-timestamp'])).size).toBe(10)
  })

  test('a success ends it', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.receiver.answerWith({ status: 500 })
    const id = world.store()
    await world.attemptsOf(id, 1)
    world.receiver.answerWith({ status: 200 })
    await world.goToDueTimeOf(id)
    await world.stateOf(id, 'delivered')
    expect(world.row(id).attempts.map((attempt) => attempt.outcome.kind)).toEqual(['retryable', 'accepted'])
  })

  test('Retry-After moves the next attempt', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.receiver.answerWith({ status: 429, headers: { 'retry-after': '3600' } })
    const id = world.store()
    await world.attemptsOf(id, 1)
    expect(world.row(id).dueAt).toBe(world.clock.now() + HOUR)
  })

  const outcomes: { name: string; answer: Answer; expected: object; state: string }[] = [
    { name: '410 ends it at once', answer: { status: 410 }, state: 'dead', expected: { deathReason: 'gone' } },
    {
      name: 'a redirect is retried and not followed',
      answer: { status: 302, headers: { location: '/x' } },
      state: 'pending',
      expected: { attempts: [{ outcome: { status: 302 } }] },
    },
    {
      name: 'a hanging receiver is a timeout',
      answer: hang,
      state: 'pending',
      expected: { attempts: [{ outcome: { reason: 'timeout' } }] },
    },
    {
      name: 'a reset is retried',
      answer: reset,
      state: 'pending',
      expected: { attempts: [{ outcome: { reason: 'network' } }] },
    },
  ]
  for (const { name, answer, state, expected } of outcomes) {
    test(name, async () => {
      const { world } = use
      world.destine(APP, { url: `${world.receiver.url}/hook`, timeoutMs: 200 })
      await world.dispatcher.start()
      world.receiver.answerWith(answer)
      const id = world.store()
      await world.attemptsOf(id, 1)
      expect(world.queue.rows.get(id)).toMatchObject({ state, ...expected })
      expect(world.receiver.requests).toHaveLength(1)
    })
  }

  test('a blocked address ends it at once, and no connection is made', async () => {
    const { world } = use
    world.allowPrivate = []
    await world.dispatcher.start()
    const id = world.store()
    await world.stateOf(id, 'dead')
    expect(world.queue.rows.get(id)).toMatchObject({
      deathReason: 'blocked_address',
      attempts: [{ outcome: { detail: expect.stringContaining('outbound.allow_private') as string } }],
    })
    expect(world.receiver.connectionCount).toBe(0)
  })

  test('an answer without an end counts by its status', async () => {
    const { world } = use
    await world.dispatcher.start()
    world.receiver.answerWith((_request, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(8_192))) continue
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    })
    const id = world.store()
    await world.stateOf(id, 'delivered')
    expect(world.row(id).attempts[0]!.outcome.responseHead).toHaveLength(1_024)
  })
})

test('the first attempt after a replay is marked as manual', async () => {
  const { world } = use
  await world.dispatcher.start()
  const id = world.store({ trigger: 'manual' })
  await world.stateOf(id, 'delivered')
  expect(world.row(id).attempts).toMatchObject([{ trigger: 'manual' }])
})
