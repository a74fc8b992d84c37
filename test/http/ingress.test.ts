import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GatewayError } from '../../src/domain/errors.ts'
import { closed, type Harness, MAX_BODY_BYTES, startHarness } from './harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await startHarness()
})
afterEach(() => harness.stop())

test('hands over the bytes, the headers and the target exactly as they came', async () => {
  const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d])
  const response = await fetch(`${harness.url}/webhook/shop/s%3Aecret?b=1&a=%20&b=2`, {
    method: 'POST',
    body,
    headers: { 'X-Signature': 'sha256=AbC', 'content-type': 'application/json', 'content-encoding': 'gzip' },
  })
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('{"status":"success"}')
  const [received] = harness.received
  expect(received).toMatchObject({
    integrationKey: 'shop',
    ingressToken: 's:ecret',
    method: 'POST',
    target: '/webhook/shop/s%3Aecret?b=1&a=%20&b=2',
    host: `127.0.0.1:${harness.port}`,
    remoteAddress: '127.0.0.1',
    startedAt: harness.clock.now(),
  })
  expect(received!.rawBody.equals(body)).toBe(true)
  expect(received!.rawHeaders.join('\n')).toContain('X-Signature\nsha256=AbC')
})

test('keeps headers that come twice', async () => {
  await harness.raw(
    'POST /webhook/shop HTTP/1.1\r\nHost: x\r\nX-Sig: a\r\nx-sig: b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  )
  expect(harness.received[0]!.rawHeaders.slice(2, 6)).toEqual(['X-Sig', 'a', 'x-sig', 'b'])
})

test('takes scheme and host off a target that has them', async () => {
  await harness.raw(
    'GET http://hooks.example/webhook/shop?x=1 HTTP/1.1\r\nHost: hooks.example\r\nConnection: close\r\n\r\n',
  )
  expect(harness.received[0]).toMatchObject({ integrationKey: 'shop', target: '/webhook/shop?x=1' })
})

for (const method of ['POST', 'GET', 'HEAD', 'PUT']) {
  test(`receives by ${method}`, async () => {
    const response = await fetch(`${harness.url}/webhook/shop`, { method })
    expect(response.status).toBe(200)
    expect(harness.received[0]).toMatchObject({ method, ingressToken: null })
    expect(await response.text()).toBe(method === 'HEAD' ? '' : '{"status":"success"}')
  })
}

for (const method of ['DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
  test(`refuses ${method} with what is allowed`, async () => {
    const response = await fetch(`${harness.url}/webhook/shop`, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, GET, HEAD, PUT')
    expect(await response.json()).toMatchObject({ error: { code: 'method_unsupported' } })
    expect(harness.received).toEqual([])
  })
}

for (const key of ['nope', '__proto__', 'constructor', 'SHOP', 'shop%2Fx', '%00', 'x'.repeat(2_000)]) {
  test(`knows no integration "${key.slice(0, 20)}" and tells no other names`, async () => {
    const response = await fetch(`${harness.url}/webhook/${key}`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(404)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'integration_unknown' } })
    expect(text).not.toMatch(/shop-eu|guarded/)
    expect(harness.received).toEqual([])
  })
}

test('a path that is no valid encoding is an unknown integration', async () => {
  const answer = await harness.raw(
    'POST /webhook/%E0%A4%A HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  )
  expect(answer).toMatch(/^HTTP\/1\.1 404 /)
})

test('sends the answer of the spec exactly: status, headers, body', async () => {
  harness.set.receive = () =>
    Promise.resolve({ status: 201, headers: { 'content-type': 'text/plain', 'x-hook-secret': 'abc' }, body: 'schön' })
  const response = await fetch(`${harness.url}/webhook/shop`, { method: 'POST' })
  expect(response.status).toBe(201)
  expect(response.headers.get('x-hook-secret')).toBe('abc')
  expect(response.headers.get('content-length')).toBe('6')
  expect(await response.text()).toBe('schön')
})

test('an answer of 204 has no body and no length', async () => {
  harness.set.receive = () => Promise.resolve({ status: 204, headers: {}, body: '' })
  const answer = await harness.raw(
    'POST /webhook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  )
  expect(answer).toMatch(/^HTTP\/1\.1 204 /)
  expect(answer.toLowerCase()).not.toMatch(/content-length|transfer-encoding/)
})

test('a header that no header can hold is left out; the request stays accepted', async () => {
  harness.set.receive = () => Promise.resolve({ status: 200, headers: { 'x-echo': 'a\r\nset-cookie: b' }, body: 'ok' })
  const response = await fetch(`${harness.url}/webhook/shop`, { method: 'POST' })
  expect([response.status, response.headers.get('x-echo'), await response.text()]).toEqual([200, null, 'ok'])
  expect(harness.journal.map(({ name }) => name)).toEqual(['answer.headers_dropped'])
})

const failures = [
  {
    name: 'a store that cannot write is 503 with a time to come back',
    error: new GatewayError({
      code: 'store_unavailable',
      message: 'The disk is full.',
      cause: new Error('/var/lib/private'),
    }),
    status: 503,
    retryAfter: '5',
  },
  {
    name: 'a store that is overloaded is 503 with a time to come back',
    error: new GatewayError({ code: 'store_overloaded', message: 'Too much.' }),
    status: 503,
    retryAfter: '1',
  },
  {
    name: 'a fault is a plain 500 that tells nothing',
    error: new TypeError('secret /var/lib/private'),
    status: 500,
    retryAfter: null,
  },
]
for (const { name, error, status, retryAfter } of failures) {
  test(name, async () => {
    harness.set.receive = () => Promise.reject(error)
    const response = await fetch(`${harness.url}/webhook/guarded/s3cret-token`, { method: 'POST', body: '{}' })
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter])
    expect(await response.text()).not.toContain('private')
    expect(JSON.stringify(harness.journal)).not.toContain('s3cret-token')
    delete harness.set.receive
    expect((await fetch(`${harness.url}/webhook/shop`, { method: 'POST' })).status).toBe(200)
  })
}

test('a fault has an id that is in the journal with its cause', async () => {
  harness.set.receive = () => Promise.reject(new TypeError('the cause'))
  const response = await fetch(`${harness.url}/webhook/shop`, { method: 'POST' })
  const { error } = (await response.json()) as { error: { code: string; details: { error_id: string } } }
  expect(error.code).toBe('internal_error')
  expect(error.details.error_id).toMatch(/^err_[0-9a-f]{32}$/)
  expect(harness.journal).toEqual([
    {
      name: 'http.failed',
      facts: {
        error_id: error.details.error_id,
        method: 'POST',
        path: '/webhook/shop',
        error: new TypeError('the cause'),
      },
    },
  ])
})

test('a body of exactly the limit is taken', async () => {
  const response = await fetch(`${harness.url}/webhook/shop`, {
    method: 'POST',
    body: Buffer.alloc(MAX_BODY_BYTES, 'x'),
  })
  expect(response.status).toBe(200)
  expect(harness.received[0]!.rawBody).toHaveLength(MAX_BODY_BYTES)
})

test('a body that says it is too large is refused before it is read', async () => {
  const socket = await harness.socket()
  socket.write(`POST /webhook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  expect(chunk.toString()).toMatch(/^HTTP\/1\.1 413 [^]*connection: close/i)
  expect(harness.received).toEqual([])
})

test('a body that turns out too large is refused while it comes in, without its length being known', async () => {
  const response = await fetch(`${harness.url}/webhook/shop`, {
    method: 'POST',
    body: new ReadableStream({
      start(controller) {
        for (let at = 0; at < 20; at += 1) controller.enqueue(new Uint8Array(10_000))
        controller.close()
      },
    }),
    duplex: 'half',
  })
  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({
    error: { code: 'body_too_large', details: { max_bytes: MAX_BODY_BYTES } },
  })
  expect(harness.received).toEqual([])
})

test('a sender that writes everything before it reads gets its 413 and no reset', async () => {
  const body = Buffer.alloc(4_000_000, 'x')
  const head = `POST /webhook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`
  expect(await harness.raw(Buffer.concat([Buffer.from(head), body]))).toMatch(/^HTTP\/1\.1 413 /)
})

test('an upload without end is cut off', async () => {
  const socket = await harness.socket()
  socket.write('POST /webhook/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
  let written = 0
  const write = (): void => {
    while (!socket.destroyed && written < 400_000_000) {
      written += chunk.length
      if (!socket.write(chunk)) return
    }
  }
  socket.on('drain', write)
  socket.resume()
  write()
  await closed(socket)
  expect(written).toBeLessThan(100_000_000)
})

test('a sender that waits to be asked is asked', async () => {
  const client = httpRequest(`${harness.url}/webhook/shop`, {
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': 2 },
  })
  client.flushHeaders()
  await once(client, 'continue')
  client.end('{}')
  const [response] = (await once(client, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  expect(response.statusCode).toBe(200)
  expect(harness.received[0]!.rawBody.toString()).toBe('{}')
})

for (const { name, path, length, status } of [
  { name: 'too large a body', path: '/webhook/shop', length: 10_000_000, status: 413 },
  { name: 'a body for an unknown integration', path: '/webhook/nope', length: 10_000, status: 404 },
]) {
  test(`a sender that waits to be asked is not asked for ${name}`, async () => {
    const client = httpRequest(harness.url + path, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': length },
    })
    const wasAsked = vi.fn()
    client.on('continue', wasAsked)
    client.on('error', () => undefined)
    client.flushHeaders()
    const [response] = (await once(client, 'response')) as [{ statusCode: number; resume(): void }]
    response.resume()
    expect(response.statusCode).toBe(status)
    expect(wasAsked).not.toHaveBeenCalled()
    client.destroy()
  })
}

test('an upload that breaks off is noted and hurts nobody', async () => {
  const socket = await harness.socket()
  socket.write('POST /webhook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
  socket.end()
  socket.destroy()
  await vi.waitFor(() => expect(harness.journal.map(({ name }) => name)).toEqual(['request.aborted']))
  expect(harness.received).toEqual([])
  expect((await fetch(`${harness.url}/webhook/shop`, { method: 'POST' })).status).toBe(200)
})

for (const { name, target } of [
  { name: 'plainly', target: '/webhook/shop' },
  { name: 'so that the router has to read it', target: '/webhook/sho%70' },
]) {
  test(`a connection that breaks before the answer is noted, with a target written ${name}`, async () => {
    let finish = (): void => undefined
    harness.set.receive = () =>
      new Promise((resolve) => (finish = () => resolve({ status: 200, headers: {}, body: 'late' })))
    const socket = await harness.socket()
    socket.write(`POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
    await vi.waitFor(() => expect(harness.received).toHaveLength(1))
    socket.resetAndDestroy()
    await vi.waitFor(() => expect(harness.journal.map(({ name: event }) => event)).toEqual(['http.broken']))
    expect(harness.journal[0]!.facts['error']).toMatchObject({ code: 'ECONNRESET' })
    finish()
  })
}

test('a connection that breaks after the answer is not worth a note', async () => {
  const socket = await harness.socket()
  socket.write('POST /webhook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
  await once(socket, 'data')
  socket.resetAndDestroy()
  await closed(socket)
  const next = await harness.raw('GET /webhook/shop HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  expect(next).toContain('200 OK')
  expect(harness.journal).toEqual([])
})

test('a caller that leaves before the answer hurts nobody', async () => {
  let finish = (): void => undefined
  harness.set.receive = () =>
    new Promise((resolve) => (finish = () => resolve({ status: 200, headers: {}, body: 'late' })))
  const socket = await harness.socket()
  socket.write('POST /webhook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
  await vi.waitFor(() => expect(harness.received).toHaveLength(1))
  socket.destroy()
  finish()
  delete harness.set.receive
  expect((await fetch(`${harness.url}/webhook/shop`, { method: 'POST' })).status).toBe(200)
})

test('a connection is kept for the next request, also after a refusal with a small body', async () => {
  const one = 'POST /webhook/nope HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'
  const two = 'POST /webhook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'
  const answers = await harness.raw(one + two)
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200'])
})
