/** Ways of outbound calls: client certificates and proxies, against real servers on the loopback. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import type { Transport } from '../../src/domain/delivery.ts'
import { createSender } from '../../src/outbound/sender.ts'
import { createReceiver } from '../support/receiver.ts'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from './localhost-certificate.ts'

const direct: Transport = { cert: null, key: null, ca: null, proxy: null }
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function senderTo(allowPrivate: readonly string[] = ['127.0.0.0/8']) {
  const sender = createSender({ allowPrivate: () => allowPrivate })
  closers.push(() => sender.close())
  return (url: string, transport: Transport) =>
    sender.send({ url, headers: {}, body: Buffer.from('{}'), timeoutMs: 5_000, transport })
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

test('shows its certificate to a server that asks for one, and trusts the authority that is named', async () => {
  const server = createSecureServer(
    {
      cert: LOCALHOST_CERTIFICATE,
      key: LOCALHOST_KEY,
      ca: LOCALHOST_CERTIFICATE,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      response.statusCode = (request.socket as TLSSocket).authorized ? 200 : 403
      response.end()
    },
  )
  const url = `https://127.0.0.1:${await listen(server)}/`
  const send = senderTo()
  const ca = LOCALHOST_CERTIFICATE
  expect(await send(url, { ...direct, ca, cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY })).toMatchObject({
    kind: 'accepted',
  })
  expect(await send(url, { ...direct, ca })).toMatchObject({ kind: 'retryable', status: 403 })
  expect(await send(url, direct)).toMatchObject({ kind: 'retryable', reason: 'network' })
})

async function createProxy(): Promise<{ url: string; targets: string[] }> {
  const targets: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer()
  server.on('connect', (request, client: Socket) => {
    targets.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client)
      client.pipe(upstream)
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
  })
  const port = await listen(server)
  closers.push(async () => sockets.forEach((socket) => socket.destroy()))
  return { url: `http://127.0.0.1:${port}`, targets }
}

test('goes through the proxy of the destination', async () => {
  const receiver = await createReceiver()
  closers.push(() => receiver.close())
  const proxy = await createProxy()
  const outcome = await senderTo()(`${receiver.url}/hook`, { ...direct, proxy: proxy.url })
  expect(outcome).toMatchObject({ kind: 'accepted', status: 200 })
  expect(proxy.targets).toEqual([new URL(receiver.url).host])
  expect(receiver.requests).toHaveLength(1)
})

test('judges the address of the proxy', async () => {
  const proxy = await createProxy()
  const outcome = await senderTo([])('https://app.example.com/', { ...direct, proxy: proxy.url })
  expect(outcome).toMatchObject({ kind: 'permanent', reason: 'blocked_address' })
  expect(proxy.targets).toEqual([])
})

for (const url of ['http://169.254.169.254/', 'http://10.0.0.1/', 'https://[::1]/', 'http://2130706433/']) {
  test(`never asks a proxy for the private address of ${url}`, async () => {
    const proxy = await createProxy()
    const allowProxy = [`${new URL(proxy.url).hostname}/32`]
    const outcome = await senderTo(url.includes('2130706433') ? [] : allowProxy)(url, { ...direct, proxy: proxy.url })
    expect(outcome).toMatchObject({ kind: 'permanent', reason: 'blocked_address' })
    expect(proxy.targets).toEqual([])
  })
}
