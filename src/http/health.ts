/**
 * Whether the process lives (`/healthz`, no I/O), whether it should get traffic (`/readyz`), and its numbers (`/metrics`). The first two
 * are open, as orchestrators have no key; so the details of a failed check, which may name paths, go only to who has one.
 */
import type { Router } from '@koa/router'
import type { HttpDependencies } from './dependencies.ts'
import { requireKey } from './middleware/authorize.ts'

export function addHealthRoutes(
  router: Router,
  deps: Pick<HttpDependencies, 'readiness' | 'metrics' | 'authorize'>,
): void {
  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' }
  })

  router.get('/readyz', async (ctx) => {
    const { ready, checks } = await deps.readiness()
    const isKnown = deps.authorize(ctx.req.headers.authorization)
    ctx.status = ready ? 200 : 503
    ctx.body = { ready, checks: isKnown ? checks : checks.map(({ name, ok }) => ({ name, ok })) }
  })

  router.get('/metrics', requireKey(deps.authorize), async (ctx) => {
    const { contentType, text } = await deps.metrics()
    ctx.type = contentType
    ctx.body = text
  })
}
