/**
 * Where providers call: `/webhook/{integration}` and `/webhook/{integration}/{token}`. This is the hot path, so none of the API's
 * middleware runs here and the answer is written past koa: with koa's own response handling a small POST reached 64 % of a bare
 * node:http server, written directly 90 % (Node 20, 2 cores, load generator included).
 */
import type { IncomingMessage } from 'node:http'
import { Router } from '@koa/router'
import type { Context } from 'koa'
import { GatewayError } from '../../domain/errors.ts'
import { readBody, send, sendUnread } from '../body.ts'
import type { HttpDependencies } from '../dependencies.ts'
import type { AnswerError } from '../middleware/errors.ts'

const METHODS = ['POST', 'GET', 'HEAD', 'PUT']

type IngressDependencies = Pick<HttpDependencies, 'receive' | 'settings' | 'clock' | 'journal'>

export function createIngressRouter(deps: IngressDependencies, answerError: AnswerError): Router {
  const { receive, settings, clock, journal } = deps

  async function handle(ctx: Context): Promise<void> {
    const { req: request, res: response } = ctx
    const startedAt = clock.now()
    const params = ctx.params as { integration: string; token?: string }
    ctx.respond = false
    try {
      const method = request.method ?? 'GET'
      if (!METHODS.includes(method)) throw methodUnsupported(method)
      const { integrations, maxBodyBytes } = settings.current()
      if (!integrations.has(params.integration)) throw integrationUnknown(params.integration)
      const rawBody = await readBody(request, response, maxBodyBytes)
      const answer = await receive({
        integrationKey: params.integration,
        ingressToken: params.token ?? null,
        method,
        target: targetOf(request),
        host: request.headers.host,
        rawHeaders: request.rawHeaders,
        rawBody,
        remoteAddress: request.socket.remoteAddress ?? null,
        startedAt,
      })
      try {
        send(response, answer)
      } catch (error) {
        // A header that the spec computed from the body may hold what no header can; what was accepted stays accepted.
        journal.warn('answer.headers_dropped', {
          integration: params.integration,
          names: Object.keys(answer.headers),
          error,
        })
        send(response, { ...answer, headers: {} })
      }
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'body_incomplete') {
        journal.record('request.aborted', {
          integration: params.integration,
          remote_address: request.socket.remoteAddress ?? null,
        })
        response.destroy()
        return
      }
      // Not the whole path: it ends with the ingress token.
      const path = `/webhook/${params.integration.slice(0, 100)}`
      sendUnread(request, response, answerError(error, { method: request.method ?? '', path }))
    }
  }

  const router = new Router()
  router.all('/webhook/:integration{/:token}', (ctx) => handle(ctx))
  return router
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
