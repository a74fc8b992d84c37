/** What becomes of requests that no route took: a known path is told its methods, an unknown one that it is unknown. */
import type { Middleware } from 'koa'
import { GatewayError } from '../../domain/errors.ts'

/** Stands behind all routers. */
export function refuseUnrouted(): Middleware {
  return (ctx) => {
    const layers = (ctx.matched ?? []) as readonly { readonly methods: readonly string[] }[]
    const allow = [...new Set(layers.flatMap(({ methods }) => methods))].toSorted()
    if (allow.length === 0) {
      throw new GatewayError({
        code: 'route_unknown',
        message: 'There is nothing at this path.',
        hint: 'Webhooks are received at /webhook/{integration}, the API is under /connections, /integrations, /providers and /api/v1.',
      })
    }
    if (ctx.method === 'OPTIONS') {
      ctx.status = 204
      ctx.set('allow', [...allow, 'OPTIONS'].join(', '))
      return
    }
    throw new GatewayError({
      code: 'method_unsupported',
      message: `${ctx.method} is not possible here.`,
      hint: `Use one of ${allow.join(', ')}.`,
      details: { allow },
    })
  }
}
