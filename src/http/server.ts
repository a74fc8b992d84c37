/**
 * The listening server: bounds in time and size on what clients may do, and an end that keeps its word to requests under way.
 */
import { createServer, type IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { GatewayError } from '../domain/errors.ts'

export interface HttpServer {
  /** Resolves when it listens; the port is the real one where 0 was asked for. Rejects with `config_invalid` when it cannot. */
  start(place: { host: string; port: number }): Promise<{ host: string; port: number }>
  /**
   * Takes no new connections, lets requests under way finish, tells their clients not to come back on the same connection, and cuts off
   * what is left after `graceMs`. Resolves when the last connection is closed. Safe to call twice.
   */
  stop(options: { graceMs: number }): Promise<void>
}

export interface ServerLimits {
  /** A whole request, from its first byte to its last. 5 MiB in 30 s is 170 KB/s. */
  readonly requestTimeoutMs: number
  /** Its headers; Node requires it not to be above the former. */
  readonly headersTimeoutMs: number
  /** An idle connection. Above the 60 s after which common balancers give one up, so that it is they who do. */
  readonly keepAliveTimeoutMs: number
  /** How often the timeouts are looked after. */
  readonly checkIntervalMs: number
  readonly maxHeaderBytes: number
}

const DEFAULT_LIMITS: ServerLimits = {
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 20_000,
  keepAliveTimeoutMs: 65_000,
  checkIntervalMs: 5_000,
  maxHeaderBytes: 16 * 1024,
}

const IDLE_SWEEP_MS = 50

export function createHttpServer(listener: RequestListener, limits: ServerLimits = DEFAULT_LIMITS): HttpServer {
  let isDraining = false

  /** Closes the connection behind the answer once the server is stopping, however the answer is made. */
  class DrainableResponse extends ServerResponse<IncomingMessage> {
    // Passes on whichever of the overloads it was called by.
    override writeHead(...parameters: [number, ...never[]]): this {
      if (isDraining) this.shouldKeepAlive = false
      return super.writeHead(...parameters)
    }
  }

  const server = createServer(
    {
      ServerResponse: DrainableResponse,
      requestTimeout: limits.requestTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: limits.maxHeaderBytes,
    },
    listener,
  )
  // Whether a body that is held back is wanted is decided where it is read.
  server.on('checkContinue', listener)
  server.on('clientError', answerBrokenRequest)
  let stopping: Promise<void> | null = null

  return {
    start({ host, port }) {
      return new Promise((resolve, reject) => {
        server.once('error', (error) => reject(cannotListen(error, host, port)))
        server.listen({ host, port }, () => {
          server.removeAllListeners('error')
          const address = server.address() as AddressInfo
          resolve({ host, port: address.port })
        })
      })
    },
    stop({ graceMs }) {
      stopping ??= new Promise((resolve) => {
        isDraining = true
        if (!server.listening) {
          resolve()
          return
        }
        // A connection that falls idle after `close` would otherwise be kept until its client leaves.
        const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS)
        const cut = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearInterval(sweep)
          clearTimeout(cut)
          resolve()
        })
        server.closeIdleConnections()
      })
      return stopping
    },
  }
}

const BROKEN: Readonly<Record<string, readonly [status: string, code: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'headers_too_large',
    'The headers of the request are too large.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout', 'The request did not arrive in time.'],
}
const BROKEN_OTHERWISE = ['400 Bad Request', 'request_malformed', 'The request is not valid HTTP.'] as const

/** Bytes that are no request: answered in the shape of all errors, and the connection closed. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, code, message] = BROKEN[error.code ?? ''] ?? BROKEN_OTHERWISE
  const body = JSON.stringify({ error: { code, message } })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): GatewayError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken by another program',
    EACCES: 'that port needs more rights',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'the name is not known',
  }
  return new GatewayError({
    code: 'config_invalid',
    message: `Cannot listen on ${host}:${port}: ${reasons[error.code ?? ''] ?? error.message}.`,
    hint: 'Choose another with server.port and server.host, or POSTERN_PORT and POSTERN_HOST.',
    cause: error,
  })
}
