/**
 * Load generator, a process of its own: sends one signed request over and over on keep-alive sockets, each with a delivery id of its
 * own, and reports what came back. It speaks HTTP/1.1 by hand because a client library would take more of the two cores than the
 * server under test.
 *
 *   tsx bench/load.ts '{"port":8080,"path":"/webhook/github","connections":64,"seconds":5,"bodyBytes":1024,"secret":"…"}'
 *
 * `total` instead of `seconds` sends exactly so many. `badSignature` sends forged ones. `rate` bounds requests per second.
 */
import { createHmac } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export interface LoadOrder {
  port: number
  path: string
  connections: number
  seconds?: number
  total?: number
  rate?: number
  bodyBytes: number
  secret: string
  badSignature?: boolean
  /** Exact body instead of a made-up one. */
  body?: string
  headers?: Record<string, string>
}

export interface LoadReport {
  sent: number
  statuses: Record<string, number>
  errors: number
  seconds: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

const ID_LENGTH = 12

async function run(order: LoadOrder): Promise<LoadReport> {
  const body = Buffer.from(order.body ?? makeBody(order.bodyBytes))
  const signature = createHmac('sha256', order.badSignature === true ? 'not the secret' : order.secret)
    .update(body)
    .digest('hex')
  const run = process.pid.toString(36)
  const headers = {
    host: `127.0.0.1:${order.port}`,
    'content-type': 'application/json',
    'user-agent': 'bench',
    accept: '*/*',
    'x-github-event': 'push',
    'x-hub-signature-256': `sha256=${signature}`,
    'content-length': String(body.length),
    ...order.headers,
    'x-github-delivery': `${run}-${'0'.repeat(ID_LENGTH)}`,
  }
  const head = `POST ${order.path} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`
  const idAt = head.length - 4 - ID_LENGTH
  const latencies: number[] = []
  const statuses: Record<string, number> = {}
  let errors = 0
  let sent = 0
  const startedAt = performance.now()
  const endsAt = order.seconds === undefined ? Number.POSITIVE_INFINITY : startedAt + order.seconds * 1000
  const limit = order.total ?? Number.POSITIVE_INFINITY

  const goesOn = (): boolean => sent < limit && performance.now() < endsAt
  const paceMs = order.rate === undefined ? 0 : (1000 * order.connections) / order.rate

  const drive = (): Promise<void> =>
    new Promise((resolve) => {
      const socket: Socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true })
      const message = Buffer.concat([Buffer.from(head), body])
      let sentAt = 0
      let received = Buffer.alloc(0)
      let settled = false
      const end = (): void => {
        if (settled) return
        settled = true
        socket.destroy()
        resolve()
      }
      const send = (): void => {
        if (!goesOn()) return end()
        sent += 1
        message.write(sent.toString(36).padStart(ID_LENGTH, '0'), idAt, 'latin1')
        sentAt = performance.now()
        // A copy: the socket may still hold the last one when a server answers before it has read everything.
        socket.write(Buffer.from(message))
      }
      socket.on('connect', send)
      socket.on('data', (chunk) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
        const headEnd = received.indexOf('\r\n\r\n')
        if (headEnd === -1) return
        const answer = received.toString('latin1', 0, headEnd)
        const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0)
        if (received.length < headEnd + 4 + length) return
        const now = performance.now()
        latencies.push(now - sentAt)
        const status = answer.slice(9, 12)
        statuses[status] = (statuses[status] ?? 0) + 1
        received = Buffer.alloc(0)
        const waitMs = paceMs - (now - sentAt)
        if (waitMs > 1) setTimeout(send, waitMs)
        else send()
      })
      socket.on('error', () => {
        errors += 1
        end()
      })
      socket.on('close', end)
    })

  await Promise.all(Array.from({ length: order.connections }, drive))
  const seconds = (performance.now() - startedAt) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number): number =>
    Number((latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0).toFixed(2))
  return {
    sent,
    statuses,
    errors,
    seconds: Number(seconds.toFixed(2)),
    perSecond: Math.round(latencies.length / seconds),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
  }
}

/** A push event of about this size; `repository.id` is what the bench's connection is found by. */
export function makeBody(bytes: number): string {
  const event = {
    ref: 'refs/heads/main',
    repository: { id: 778812, full_name: 'acme/widgets' },
    sender: { id: 5512 },
    padding: '',
  }
  event.padding = 'x'.repeat(Math.max(0, bytes - JSON.stringify(event).length))
  return JSON.stringify(event)
}

const order = process.argv[2]
if (order !== undefined && order.startsWith('{')) console.log(JSON.stringify(await run(JSON.parse(order) as LoadOrder)))
