import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { applyLoad, type LoadOrder } from '../../bench/load-generator.ts'

let server: Server | null = null
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
})

async function listen(listener: RequestListener): Promise<number> {
  server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const GITHUB = { kind: 'github', bodyBytes: 1024, secret: 'secret', repositories: [778812, 778813] } as const
const HUBSPOT = { kind: 'hubspot', events: 5, secret: 'secret', portalId: 1 } as const

function order(port: number, more: Partial<LoadOrder> = {}): LoadOrder {
  return { port, path: '/', connections: 4, extent: { total: 40 }, message: GITHUB, ...more }
}

test('sends exactly so many requests, each genuine and with a delivery id of its own', async () => {
  const ids = new Set<unknown>()
  const repositories = new Set<number>()
  let forged = 0
  const port = await listen((request, response) => {
    void bodyOf(request).then((body) => {
      ids.add(request.headers['x-github-delivery'])
      repositories.add((JSON.parse(body.toString()) as { repository: { id: number } }).repository.id)
      const expected = `sha256=${createHmac('sha256', 'secret').update(body).digest('hex')}`
      if (request.headers['x-hub-signature-256'] !== expected || body.length !== 1024) forged += 1
      response.end('ok')
    })
  })
  const report = await applyLoad(order(port), { next: 1 })
  expect(report).toMatchObject({ sent: 40, errors: 0, statuses: { 200: { count: 40 } } })
  expect(ids.size).toBe(40)
  expect([...repositories].sort((a, b) => a - b)).toEqual([778812, 778813])
  expect(forged).toBe(0)
})

test('signs every batch anew, so that none of its events was seen before', async () => {
  const ids: number[] = []
  let forged = 0
  const port = await listen((request, response) => {
    void bodyOf(request).then((body) => {
      ids.push(...(JSON.parse(body.toString()) as { eventId: number }[]).map(({ eventId }) => eventId))
      const expected = createHash('sha256').update('secret').update(body).digest('hex')
      if (request.headers['x-hubspot-signature'] !== expected) forged += 1
      response.end('ok')
    })
  })
  await applyLoad(order(port, { message: HUBSPOT }), { next: 1 })
  expect(new Set(ids).size).toBe(200)
  expect(forged).toBe(0)
})

test('tells answers apart by their status, though they differ in length and come in pieces', async () => {
  let count = 0
  const port = await listen((request, response) => {
    request.resume().on('end', () => {
      count += 1
      const isRefused = count % 4 === 0
      const text = 'x'.repeat(isRefused ? 300 : count)
      response.writeHead(isRefused ? 503 : 200, { 'content-length': text.length, 'retry-after': '1' })
      response.write(text.slice(0, 1))
      setImmediate(() => response.end(text.slice(1)))
    })
  })
  const report = await applyLoad(order(port), { next: 1 })
  expect(report).toMatchObject({ errors: 0, retryAfter: 10, statuses: { 200: { count: 30 }, 503: { count: 10 } } })
})

test('counts connections that break under a request', async () => {
  const port = await listen((request) => request.socket.destroy())
  const report = await applyLoad(order(port), { next: 1 })
  expect(report).toMatchObject({ sent: 4, errors: 4, statuses: {} })
})

test('keeps to its rate, and measures what a stalled server held back from when it was due', async () => {
  let count = 0
  const port = await listen((request, response) => {
    count += 1
    request.resume().on('end', () => (count === 3 ? setTimeout(() => response.end('ok'), 300) : response.end('ok')))
  })
  const pace = { rate: 100, connections: 1, extent: { total: 30 } }
  const report = await applyLoad(order(port, pace), { next: 1 })
  expect(report.seconds).toBeGreaterThan(0.25)
  // Of those due while the server stood still, half waited for 150 ms and more; sent one by one they would all have been quick.
  expect(report.statuses['200']!.p50Ms).toBeGreaterThan(20)
})
