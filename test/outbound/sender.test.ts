import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Outcome } from '../../src/domain/delivery.ts'
import type { OutboundCall } from '../../src/engine/ports.ts'
import { createSender, parseRetryAfter } from '../../src/outbound/sender.ts'
import { createReceiver, hang, reset } from '../support/receiver.ts'
import type { Answer, Receiver } from '../support/receiver.ts'
import { eventually } from '../support/gateway.ts'

const NOW = Date.UTC(2026, 2, 2, 10)

let receiver: Receiver
let sender: ReturnType<typeof createSender>

beforeEach(async () => {
  receiver = await createReceiver()
  sender = createSender({ allowPrivate: () => ['127.0.0.0/8'], now: () => NOW })
})
afterEach(async () => {
  await sender.close()
  await receiver.close()
})

function send(given: Partial<OutboundCall> = {}): Promise<Outcome> {
  return sender.send({ url: `${receiver.url}/hook`, headers: {}, body: Buffer.from('{}'), timeoutMs: 5_000, ...given })
}

describe('an attempt', () => {
  test('posts the bytes and headers as they are given', async () => {
    const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d])
    await send({
      url: `${receiver.url}/a/b?c=d%20e`,
      body,
      headers: { 'X-Nango-Signature': 's', 'content-type': 'text/plain' },
    })
    const [request] = receiver.requests
    expect(request).toMatchObject({ method: 'POST', path: '/a/b?c=d%20e' })
    expect(request!.body.equals(body)).toBe(true)
    expect(request!.headers).toMatchObject({
      'x-nango-signature': 's',
      'content-type': 'text/plain',
      'content-length': '4',
    })
    expect(request!.rawHeaders).toContain('X-Nango-Signature')
  })

  test('keeps its connections for the next ones, whatever the answers were', async () => {
    for (const status of [200, 500, 302, 204, 410]) {
      receiver.answerWith({ status, body: status === 204 ? '' : 'words' })
      await send()
    }
    // undici lets a connection rest for one turn of the event loop, so two take turns
    expect(receiver.connectionCount).toBeLessThanOrEqual(2)
  })

  test('sends the user and password of the URL as basic authorization', async () => {
    await send({ url: receiver.url.replace('http://', 'http://me:p%40ss%@') })
    await send({ url: receiver.url.replace('http://', 'http://me:p%40ss@') })
    const sent = receiver.requests.map((request) =>
      Buffer.from(request.headers['authorization']!.slice(6), 'base64').toString(),
    )
    expect(sent).toEqual(['me:p%40ss%', 'me:p@ss'])
  })
})

describe('an answer', () => {
  const answers: { name: string; answer: Answer; outcome: Partial<Outcome> }[] = [
    {
      name: '200 is accepted, with the head of its body',
      answer: { body: 'thanks' },
      outcome: { kind: 'accepted', status: 200, responseHead: 'thanks' },
    },
    { name: '204 is accepted', answer: { status: 204 }, outcome: { kind: 'accepted', status: 204, responseHead: '' } },
    { name: '299 is accepted', answer: { status: 299 }, outcome: { kind: 'accepted', status: 299 } },
    {
      name: '304 is a failure',
      answer: { status: 304 },
      outcome: { kind: 'retryable', reason: 'status', status: 304 },
    },
    {
      name: '400 is a failure to be tried again',
      answer: { status: 400, body: 'no' },
      outcome: { kind: 'retryable', reason: 'status', status: 400, responseHead: 'no', detail: 'answered 400' },
    },
    {
      name: '404 is a failure to be tried again',
      answer: { status: 404 },
      outcome: { kind: 'retryable', reason: 'status', status: 404 },
    },
    {
      name: '500 is a failure to be tried again',
      answer: { status: 500 },
      outcome: { kind: 'retryable', reason: 'status', status: 500 },
    },
    {
      name: '410 says that the receiver is gone',
      answer: { status: 410 },
      outcome: { kind: 'permanent', reason: 'gone', status: 410 },
    },
    {
      name: 'with Retry-After in seconds says when',
      answer: { status: 503, headers: { 'retry-after': '120' } },
      outcome: { kind: 'retryable', status: 503, retryAfterMs: 120_000 },
    },
    {
      name: 'with Retry-After as a date says when',
      answer: { status: 429, headers: { 'retry-after': new Date(NOW + 90_000).toUTCString() } },
      outcome: { kind: 'retryable', status: 429, retryAfterMs: 90_000 },
    },
    {
      name: 'in an encoding is not decoded, nor shown',
      answer: { headers: { 'content-encoding': 'gzip' }, body: Buffer.alloc(100) },
      outcome: { kind: 'accepted', responseHead: '' },
    },
    {
      name: 'of control characters is made harmless',
      answer: { body: 'a\u001b[2Jb\u0000\nc' },
      outcome: { responseHead: 'a\ufffd[2Jb\ufffd\nc' },
    },
    {
      name: 'keeps the first 1 KB of its body, in whole characters',
      answer: { body: `${'x'.repeat(1_023)}éé` },
      outcome: { responseHead: 'x'.repeat(1_023) },
    },
  ]
  for (const { name, answer, outcome } of answers) {
    test(name, async () => {
      receiver.answerWith(answer)
      expect(await send()).toMatchObject(outcome)
    })
  }

  test('that redirects is not followed', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.answerWith({ status, headers: { location: `${receiver.url}/elsewhere` } })
      expect(await send()).toMatchObject({
        kind: 'retryable',
        reason: 'status',
        status,
        detail: expect.stringContaining('redirects are never followed') as string,
      })
    }
    expect(receiver.requests.map((request) => request.path)).toEqual(Array.from({ length: 5 }, () => '/hook'))
  })

  test('without an end is cut off after 16 KB, and the status counts', async () => {
    let written = 0
    let isClosed = false
    receiver.answerWith((_request, response) => {
      const chunk = Buffer.alloc(8_192, 'x')
      response.on('close', () => (isClosed = true))
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    })
    const outcome = await send()
    expect(outcome).toMatchObject({ kind: 'accepted', status: 200, responseHead: 'x'.repeat(1_024) })
    await eventually(() => isClosed, Boolean)
    expect(written).toBeLessThan(64 * 1_048_576)
  })

  test('that drips is given two seconds after its status', async () => {
    receiver.answerWith((_request, response) => {
      response.writeHead(500).write('slow')
      const drip = setInterval(() => response.write('.'), 100)
      response.on('close', () => clearInterval(drip))
    })
    const outcome = await send({ timeoutMs: 20_000 })
    expect(outcome).toMatchObject({
      kind: 'retryable',
      reason: 'status',
      status: 500,
      responseHead: expect.stringMatching(/^slow\.+$/) as string,
    })
    expect(outcome.durationMs).toBeLessThan(4_000)
  })

  test('that breaks off after its status has still given it', async () => {
    receiver.answerWith((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => response.socket!.resetAndDestroy())
    })
    expect(await send()).toMatchObject({ kind: 'accepted', status: 200 })
  })

  test('of 1xx only is none', async () => {
    receiver.answerWith((_request, response) => {
      const hints = setInterval(() => response.writeProcessing(), 20)
      response.on('close', () => clearInterval(hints))
    })
    expect(await send({ timeoutMs: 300 })).toMatchObject({ kind: 'retryable', reason: 'timeout' })
  })
})

describe('no answer', () => {
  test('in time is a timeout, and the connection is given up', async () => {
    let isClosed = false
    receiver.answerWith((request, response) => {
      response.on('close', () => (isClosed = true))
      if (typeof hang === 'function') hang(request, response)
    })
    const outcome = await send({ timeoutMs: 200 })
    expect(outcome).toMatchObject({
      kind: 'retryable',
      reason: 'timeout',
      detail: 'no answer within 200 ms',
      responseHead: '',
    })
    expect(outcome.durationMs).toBeGreaterThanOrEqual(195)
    await eventually(() => isClosed, Boolean)
    receiver.answerWith({ status: 200 })
    expect(await send()).toMatchObject({ kind: 'accepted' })
  })

  test('but a reset is a network failure with the code of the system', async () => {
    receiver.answerWith(reset)
    expect(await send()).toMatchObject({
      kind: 'retryable',
      reason: 'network',
      detail: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) as string,
    })
  })

  test('because nobody listens is a network failure', async () => {
    await receiver.close()
    expect(await send()).toMatchObject({
      kind: 'retryable',
      reason: 'network',
      detail: expect.stringContaining('ECONNREFUSED') as string,
    })
  })

  test('because the name does not exist is a network failure', async () => {
    await sender.close()
    sender = createSender({
      allowPrivate: () => [],
      resolve: (host, _options, callback) =>
        callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), []),
    })
    expect(await send({ url: 'http://app.example.com/' })).toMatchObject({
      kind: 'retryable',
      reason: 'network',
      detail: expect.stringContaining('ENOTFOUND') as string,
    })
  })

  test('because the resolver hangs is a timeout', async () => {
    await sender.close()
    sender = createSender({ allowPrivate: () => [], resolve: () => undefined, connectTimeoutMs: 500 })
    expect(await send({ url: 'http://app.example.com/', timeoutMs: 100 })).toMatchObject({
      kind: 'retryable',
      reason: 'timeout',
      detail: 'no connection within 100 ms',
    })
  })

  const garbage: { name: string; text: string }[] = [
    { name: 'what is not HTTP', text: 'hello\r\n\r\n' },
    { name: 'a header without an end', text: `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}` },
    { name: 'two different lengths', text: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab' },
    { name: 'another protocol', text: 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n' },
    { name: 'the end of the connection', text: '' },
  ]
  for (const { name, text } of garbage) {
    test(`but ${name} is a network failure`, async () => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => socket.end(text))
      })
      const url = await listen(server)
      expect(await send({ url })).toMatchObject({ kind: 'retryable', reason: 'network' })
      await new Promise((resolve) => server.close(resolve))
    })
  }
})

describe('a destination', () => {
  for (const url of [
    '',
    'app',
    'ftp://example.com/',
    'file:///etc/passwd',
    'http://',
    'http://a b/',
    'http://1.2.3.4.5:99999/',
    'javascript:alert(1)',
  ]) {
    test(`of ${JSON.stringify(url)} is invalid for good`, async () => {
      expect(await send({ url })).toMatchObject({ kind: 'permanent', reason: 'invalid_destination' })
    })
  }

  test('that cannot be given a header is invalid for good', async () => {
    expect(await send({ headers: { 'x-bad': 'a\r\nb: c' } })).toMatchObject({
      kind: 'permanent',
      reason: 'invalid_destination',
    })
    expect(receiver.requests).toHaveLength(0)
  })

  test('at an address that may not be reached is blocked for good, with the remedy', async () => {
    await sender.close()
    sender = createSender({ allowPrivate: () => [] })
    expect(await send()).toMatchObject({
      kind: 'permanent',
      reason: 'blocked_address',
      detail: expect.stringMatching(/127\.0\.0\.1 .*outbound\.allow_private/) as string,
    })
    expect(receiver.connectionCount).toBe(0)
  })
})

describe('Retry-After', () => {
  const cases: { text: string | undefined; waitMs: number | undefined }[] = [
    { text: '0', waitMs: 0 },
    { text: '30', waitMs: 30_000 },
    { text: ' 30 ', waitMs: 30_000 },
    { text: 'Mon, 02 Mar 2026 10:01:00 GMT', waitMs: 60_000 },
    { text: 'Mon, 02 Mar 2026 09:00:00 GMT', waitMs: 0 },
    { text: '9'.repeat(400), waitMs: 366 * 24 * 3_600_000 },
    { text: '-5', waitMs: undefined },
    { text: '1.5', waitMs: undefined },
    { text: 'soon', waitMs: undefined },
    { text: 'soon GMT', waitMs: undefined },
    { text: '', waitMs: undefined },
    { text: undefined, waitMs: undefined },
  ]
  for (const { text, waitMs } of cases) {
    test(`${JSON.stringify(text?.slice(0, 40))} means ${waitMs === undefined ? 'nothing' : `${waitMs} ms`}`, () => {
      expect(parseRetryAfter(text, NOW)).toBe(waitMs)
    })
  }
})

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/` : '')
    })
  })
}
