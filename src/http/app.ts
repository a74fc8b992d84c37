/**
 * The HTTP edge: the ingress first and by itself, then one koa application with everything that answers JSON. It turns requests into
 * calls of use cases and errors into answers, and decides nothing else.
 */
import type { RequestListener } from 'node:http'
import { Router } from '@koa/router'
import Koa, { type Middleware } from 'koa'
import { addCatalogRoutes } from './admin/catalog.ts'
import { addConnectionRoutes } from './admin/connections.ts'
import { addDeliveryRoutes } from './admin/deliveries.ts'
import { addDestinationRoutes } from './admin/destinations.ts'
import { addExplanationRoute } from './admin/explanation.ts'
import { addLogRoutes } from './admin/log.ts'
import { addRecordRoutes } from './admin/records.ts'
import { addReplayRoutes } from './admin/replays.ts'
import { addSecretRoutes } from './admin/secrets.ts'
import { addSyncLogRoutes } from './admin/sync-log.ts'
import { addSyncRoutes } from './admin/syncs.ts'
import type { HttpDependencies } from './dependencies.ts'
import { addHealthRoutes } from './health.ts'
import { createIngress } from './ingress/routes.ts'
import { requireKey } from './middleware/authorize.ts'
import { createErrorAnswers, handleErrors } from './middleware/errors.ts'
import { refuseUnrouted } from './middleware/unrouted.ts'

/** Handles every request of the gateway; never throws. */
export function createHttpApp(deps: HttpDependencies): RequestListener {
  const answerError = createErrorAnswers(deps)
  const app = new Koa()
  // What still ends here is a connection that broke while it was answered.
  app.on('error', (error: unknown) => deps.journal.record('http.broken', { error }))

  const ingress = createIngress(deps, answerError)
  app.use(ingress.router.routes())
  app.use(secureAnswers)
  app.use(handleErrors(answerError))
  const open = new Router()
  addHealthRoutes(open, deps)
  app.use(open.routes())
  const api = new Router()
  api.use(requireKey(deps.authorize))
  addConnectionRoutes(api, deps)
  addCatalogRoutes(api, deps)
  addLogRoutes(api, deps)
  addDeliveryRoutes(api, deps)
  addDestinationRoutes(api, deps)
  addReplayRoutes(api, deps)
  addExplanationRoute(api, deps)
  addSecretRoutes(api, deps)
  addSyncRoutes(api, deps)
  addRecordRoutes(api, deps)
  addSyncLogRoutes(api, deps)
  app.use(api.routes())
  app.use(refuseUnrouted())
  const handle = app.callback()
  return ingress.before((request, response) => void handle(request, response))
}

/** Answers of the API are for programs, not for browsers and caches. */
const secureAnswers: Middleware = (ctx, next) => {
  ctx.set('x-content-type-options', 'nosniff')
  ctx.set('cache-control', 'no-store')
  return next()
}
