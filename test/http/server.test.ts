import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GatewayError } from '../../src/domain/errors.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { closed, type Harness, startHarness } from './harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await startHarness()
})
afterEach(() => harness.stop())

const broken = [
  {
    name: 'headers beyond 16 KB',
    bytes: `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    status: 431,
    code: 'headers_too_large',
  },
  {
    name: 'thousands of headers',
    bytes: `GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(20_000)}\r\n`,
    status: 431,
    code: 'headers_too_large',
  },
  {
    name: 'a target beyond 16 KB',
    bytes: `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    status: 431,
    code: 'headers_too_large',
  },
  {
    name: 'what is no HTTP',
    bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n',
    status: 400,
    code: 'request_malformed',
  },
  {
    name: 'a method that does not exist',
    bytes: 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n',
    status: 400,
    code: 'request_malformed',
  },
  {
    name: 'two lengths',
    bytes: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    status: 400,
    code: 'request_malformed',
  },
  {
    name: 'a length and chunks',
    bytes: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    status: 400,
    code: 'request_malformed',
  },
  {
    name: 'a length that is no number',
    bytes: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n',
    status: 400,
    code: 'request_malformed',
  },
  {
    name: 'a NUL in a header',
    bytes: 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n',
    status: 400,
    code: 'request_malformed',
  },
]
for (const { name, bytes, status, code } of broken) {
  test(`answers ${name} with ${status} in the shape of all errors, and goes on`, async () => {
    const answer = await harness.raw(Buffer.from(bytes, 'latin1'))
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code } })
    expect((await fetch(`${harness.url}/healthz`)).status).toBe(200)
  })
}

test('says that a port is taken, and what to do', async () => {
  const other = createHttpServer(() => undefined)
  const error = await other.start({ host: '127.0.0.1', port: harness.port }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(GatewayError)
  expect(error).toMatchObject({
    code: 'config_invalid',
    message: `Cannot listen on 127.0.0.1:${harness.port}: the port is taken by another program.`,
  })
  expect((error as GatewayError).hint).toContain('POSTERN_PORT')
  await other.stop({ graceMs: 0 })
})

test('a request under way when the server stops is answered, and its connection ends with it', async () => {
  let finish = (): void => undefined
  harness.set.receive = () =>
    new Promise((resolve) => (finish = () => resolve({ status: 200, headers: {}, body: 'done' })))
  const agent = new Agent({ keepAlive: true })
  const client = get(`${harness.url}/webhook/shop`, { agent })
  await vi.waitFor(() => expect(harness.received).toHaveLength(1))
  const stopped = harness.server.stop({ graceMs: 10_000 })
  finish()
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  response.resume()
  expect([response.statusCode, response.headers.connection]).toEqual([200, 'close'])
  await stopped
  agent.destroy()
})

test('a connection that is idle does not keep the server from stopping', async () => {
  const agent = new Agent({ keepAlive: true })
  const client = get(`${harness.url}/healthz`, { agent })
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  await harness.server.stop({ graceMs: 10_000 })
  agent.destroy()
})

test('what does not finish in time is cut off', async () => {
  harness.set.receive = () => new Promise(() => undefined)
  const socket = await harness.socket()
  socket.write('POST /webhook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
  await vi.waitFor(() => expect(harness.received).toHaveLength(1))
  await harness.server.stop({ graceMs: 50 })
})

test('stopping twice is stopping once, and a server that never started stops too', async () => {
  const never = createHttpServer(() => undefined)
  await never.stop({ graceMs: 0 })
  await Promise.all([harness.server.stop({ graceMs: 0 }), harness.server.stop({ graceMs: 0 })])
  await expect(fetch(`${harness.url}/healthz`)).rejects.toThrow()
})

const slow = [
  { name: 'headers that do not come to an end', bytes: 'POST / HTTP/1.1\r\nHost: x\r\nX: y' },
  { name: 'a body that does not come to an end', bytes: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf' },
]
for (const { name, bytes } of slow) {
  test(`gives ${name} so much time and no more`, async () => {
    const server = createHttpServer((request) => request.resume(), {
      requestTimeoutMs: 100,
      headersTimeoutMs: 100,
      keepAliveTimeoutMs: 100,
      checkIntervalMs: 20,
      maxHeaderBytes: 1_024,
    })
    const { port } = await server.start({ host: '127.0.0.1', port: 0 })
    const socket = connect({ host: '127.0.0.1', port })
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.write(bytes)
    await closed(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*request_timeout/)
    await server.stop({ graceMs: 0 })
  })
}
