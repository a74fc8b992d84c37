/** Lets a request pass only with an API key. */
import type { Middleware } from 'koa'
import { GatewayError } from '../../domain/errors.ts'

export function requireKey(authorize: (authorization: string | undefined) => boolean): Middleware {
  return (ctx, next) => {
    const header = ctx.req.headers.authorization
    if (authorize(header)) return next()
    throw new GatewayError({
      code: 'api_unauthorized',
      message: header === undefined ? 'The API needs a key.' : 'The API key is not one of ours.',
      hint: 'Send it as: Authorization: Bearer <key>. Keys are api.keys of the configuration, or the one in instance.json of the data directory.',
    })
  }
}
