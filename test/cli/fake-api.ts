/** A gateway's API in miniature: answers what a test tells it to, and remembers what it was asked. */
import { type IncomingMessage, type Server, createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface FakeAnswer {
  readonly status?: number
  /** Text goes out as it is, anything else as JSON. */
  readonly body: unknown
}

export interface FakeApi {
  readonly url: string
  readonly seen: readonly SeenRequest[]
  /** Answers from now on, by `METHOD /path`; what is not listed gets 404. */
  answer(answers: Readonly<Record<string, FakeAnswer>>): void
  close(): Promise<void>
}

export async function createFakeApi(): Promise<FakeApi> {
  const seen: SeenRequest[] = []
  let known: Readonly<Record<string, FakeAnswer>> = {}
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '' } = request
      seen.push({ method, target: url, headers: request.headers, body: Buffer.concat(chunks).toString() })
      const path = url.split('?', 1)[0] ?? ''
      const { status = 200, body } = known[`${method} ${path}`] ?? {
        status: 404,
        body: { error: { code: 'route_unknown', message: `There is no ${path} here.` } },
      }
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    answer: (answers) => {
      known = answers
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
