/**
 * An app that receives forwards: a real HTTP server on a free port of the loopback, which keeps what it gets and answers as it is
 * told to. Nothing of the gateway is in it.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Names as they were written on the wire. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** The status it was answered with, whether or not anybody was left to read it; null while it is not, or by other means. */
  readonly answeredStatus: number | null
}

/** A fixed answer, or a function that does as it likes with the response (nothing at all is a receiver that hangs). */
export type Answer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer }
  | ((request: ReceivedRequest, response: ServerResponse) => void)

export interface Receiver {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  /** Whole requests, in order of their ends. */
  readonly requests: ReceivedRequest[]
  /** Connections accepted so far. */
  readonly connectionCount: number
  /** From now on; the first answer is `200 ok`. */
  answerWith(answer: Answer): void
  /** The first request for which it holds, or the nth; also one that came before. Rejects after `timeoutMs`. */
  waitFor(condition: number | ((request: ReceivedRequest) => boolean), timeoutMs?: number): Promise<ReceivedRequest>
  close(): Promise<void>
}

export const hang: Answer = () => undefined
export const reset: Answer = (_request, response) => void response.socket?.resetAndDestroy()

/** On a free port, or on the one given, such as that of a receiver that was closed; waits for it when it is still taken. */
export async function createReceiver(options: { port?: number } = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  const waiters = new Set<() => void>()
  let answer: Answer = { status: 200, body: 'ok' }
  let connectionCount = 0

  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('error', () => undefined)
    incoming.on('end', () => {
      const request = received(incoming, Buffer.concat(chunks), response)
      requests.push(request)
      respond(answer, request, response)
      for (const check of waiters) check()
    })
  })
  server.on('connection', (socket) => {
    connectionCount += 1
    socket.on('error', () => undefined)
  })
  await listen(server, options.port ?? 0)
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    get connectionCount() {
      return connectionCount
    },
    answerWith(next) {
      answer = next
    },
    waitFor(condition, timeoutMs = 10_000) {
      const find = (): ReceivedRequest | undefined =>
        typeof condition === 'number' ? requests[condition - 1] : requests.find(condition)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiters.delete(check)
          reject(
            new Error(
              `not received within ${timeoutMs} ms: ${String(condition)}; there were ${requests.length} requests`,
            ),
          )
        }, timeoutMs)
        function check(): void {
          const found = find()
          if (found === undefined) return
          waiters.delete(check)
          clearTimeout(timer)
          resolve(found)
        }
        waiters.add(check)
        check()
      })
    },
    close: () => closeServer(server),
  }
}

/** Outgoing connections of other programs take ports by chance, and give them back soon. */
function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => {
    server.on('error', () => setTimeout(() => server.listen(port, '127.0.0.1'), 100))
    server.once('listening', () => {
      server.removeAllListeners('error')
      resolve()
    })
    server.listen(port, '127.0.0.1')
  })
}

function received(incoming: IncomingMessage, body: Buffer, response: ServerResponse): ReceivedRequest {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value)
  const { method = '', url: path = '', rawHeaders } = incoming
  return {
    method,
    path,
    headers,
    rawHeaders,
    body,
    get answeredStatus() {
      return response.writableEnded ? response.statusCode : null
    },
  }
}

function respond(answer: Answer, request: ReceivedRequest, response: ServerResponse): void {
  if (typeof answer === 'function') answer(request, response)
  else response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '')
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
