/**
 * One webhook from its headers to its answer. This is the hot path, so none of the API's middleware runs here and the answer is
 * written past koa: with koa's own response handling a small POST reached 64 % of a bare node:http server, written directly 90 %
 * (Node 20, 2 cores, load generator included).
 */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { GatewayError } from '../../domain/errors.ts'
import type { HttpAnswer } from '../../engine/receive/answer.ts'
import { readBody, send, sendUnread } from '../body.ts'
import type { HttpDependencies } from '../dependencies.ts'
import type { AnswerError } from '../middleware/errors.ts'
import type { IngressPlace } from './place.ts'

const METHODS = ['POST', 'GET', 'HEAD', 'PUT']

export type IngressDependencies = Pick<HttpDependencies, 'receive' | 'settings' | 'clock' | 'journal'>

/** Answers the request, whatever becomes of it; never rejects. */
export type ReceiveWebhook = (request: IncomingMessage, response: ServerResponse, place: IngressPlace) => Promise<void>

export function createReceiveWebhook(deps: IngressDependencies, answerError: AnswerError): ReceiveWebhook {
  const { receive, settings, clock, journal } = deps

  return async function receiveWebhook(request, response, place) {
    const startedAt = clock.now()
    try {
      const method = request.method ?? 'GET'
      if (!METHODS.includes(method)) throw methodUnsupported(method)
      const { integrations, maxBodyBytes } = settings.current()
      if (!integrations.has(place.integration)) throw integrationUnknown(place.integration)
      const rawBody = await readBody(request, response, maxBodyBytes)
      const answer = await receive({
        integrationKey: place.integration,
        ingressToken: place.token ?? null,
        method,
        target: targetOf(request),
        host: request.headers.host,
        rawHeaders: request.rawHeaders,
        rawBody,
        remoteAddress: request.socket.remoteAddress ?? null,
        startedAt,
      })
      sendAnswer(response, answer, place)
    } catch (error) {
      refuse(request, response, place, error)
    }
  }

  function sendAnswer(response: ServerResponse, answer: HttpAnswer, { integration }: IngressPlace): void {
    try {
      send(response, answer)
    } catch (error) {
      // A header that the spec computed from the body may hold what no header can; what was accepted stays accepted.
      journal.warn('answer.headers_dropped', { integration, names: Object.keys(answer.headers), error })
      send(response, { ...answer, headers: {} })
    }
  }

  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    { integration }: IngressPlace,
    error: unknown,
  ): void {
    if (error instanceof GatewayError && error.code === 'body_incomplete') {
      journal.record('request.aborted', { integration, remote_address: request.socket.remoteAddress ?? null })
      response.destroy()
      return
    }
    // Not the whole path: it ends with the ingress token.
    const path = `/webhook/${integration.slice(0, 100)}`
    sendUnread(request, response, answerError(error, { method: request.method ?? '', path }))
  }
}

/** Notes connections that break while a request on them is answered, as koa does for all others. */
export function createBreakWatch(journal: IngressDependencies['journal']): (socket: Socket) => void {
  const watched = new WeakSet<Socket>()
  return (socket) => {
    // Once per connection: a listener per request costs more than the look.
    if (watched.has(socket)) return
    watched.add(socket)
    socket.on('error', (error) => {
      if (isAnswering(socket)) journal.record('http.broken', { error })
    })
  }
}

/** Node keeps the response under way with its connection, and takes it away when it is sent; there is no public way to ask. */
function isAnswering(socket: Socket): boolean {
  return Reflect.get(socket, '_httpMessage') instanceof ServerResponse
}

/** Path and query as on the request line; a client that takes us for a proxy puts scheme and host in front (RFC 9112 §3.2.2). */
function targetOf(request: IncomingMessage): string {
  const target = request.url ?? '/'
  return target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
}

function methodUnsupported(method: string): GatewayError {
  return new GatewayError({
    code: 'method_unsupported',
    message: `Webhooks are not received by ${method}.`,
    hint: `Use one of ${METHODS.join(', ')}.`,
    details: { allow: METHODS },
  })
}

/** Suggests no other name: this address is public, and the names of the integrations are not. */
function integrationUnknown(key: string): GatewayError {
  return new GatewayError({
    code: 'integration_unknown',
    message: `There is no integration called "${key.slice(0, 100)}".`,
    hint: 'The URL is /webhook/{integration}; the integrations are those of the configuration.',
  })
}
