/**
 * Where providers call: `/webhook/{integration}` and `/webhook/{integration}/{token}`. Targets that are written plainly go straight to
 * the receiver, the others through koa and its router, which add 16 us to the 37 that a small POST takes here (CPU time with the
 * client's, Node 20, busy machine) and 6 KB of garbage.
 */
import type { RequestListener } from 'node:http'
import { Router } from '@koa/router'
import type { AnswerError } from '../middleware/errors.ts'
import type { IngressPlace } from './place.ts'
import { readIngressPlace } from './place.ts'
import {
  createBreakWatch,
  createReceiveWebhook,
  type IngressDependencies,
  type ReceiveWebhook,
} from './receive-webhook.ts'

export interface Ingress {
  /** For targets that need decoding. */
  readonly router: Router
  /** Answers webhooks itself and leaves every other request to the listener. */
  before(listener: RequestListener): RequestListener
}

export function createIngress(deps: IngressDependencies, answerError: AnswerError): Ingress {
  const receiveWebhook = createReceiveWebhook(deps, answerError)
  const watchForBreak = createBreakWatch(deps.journal)
  return {
    router: createRouter(receiveWebhook),
    before: (listener) => (request, response) => {
      const place = readIngressPlace(request.url ?? '/')
      if (place === null) {
        listener(request, response)
        return
      }
      watchForBreak(request.socket)
      void receiveWebhook(request, response, place)
    },
  }
}

function createRouter(receiveWebhook: ReceiveWebhook): Router {
  const router = new Router()
  router.all('/webhook/:integration{/:token}', (ctx) => {
    ctx.respond = false
    return receiveWebhook(ctx.req, ctx.res, ctx.params as unknown as IngressPlace)
  })
  return router
}
