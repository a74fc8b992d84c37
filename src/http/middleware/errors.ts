/**
 * The one place where errors become answers. What leaves is `code`, `message`, `hint` and `details` of a `GatewayError`; of anything
 * else only an id that is also in the log. The map of statuses is total: a new code does not compile until it has one.
 */
import type { Middleware } from 'koa'
import { type ErrorCode, GatewayError } from '../../domain/errors.ts'
import type { Ids } from '../../domain/ids.ts'
import type { Journal } from '../../engine/ports.ts'
import { sendUnread } from '../body.ts'

const STATUS: Readonly<Record<ErrorCode, number>> = {
  config_invalid: 500,
  config_unreadable: 500,
  spec_invalid: 500,
  spec_unreadable: 500,
  spec_unknown_provider: 500,
  expression_invalid: 500,
  integration_unknown: 404,
  connection_unknown: 404,
  connection_invalid: 400,
  request_unknown: 404,
  event_unknown: 404,
  delivery_unknown: 404,
  delivery_not_replayable: 409,
  delivery_not_cancellable: 409,
  replay_unknown: 404,
  replay_not_planned: 409,
  replay_grown: 409,
  destination_unknown: 404,
  provider_unknown: 404,
  secret_unknown: 404,
  sync_unknown: 404,
  sync_run_unknown: 404,
  model_unknown: 404,
  example_unknown: 404,
  route_unknown: 404,
  method_unsupported: 405,
  api_unauthorized: 401,
  api_invalid_input: 400,
  body_too_large: 413,
  body_incomplete: 400,
  store_unavailable: 503,
  store_overloaded: 503,
  store_unsupported: 500,
  gateway_draining: 503,
  gateway_unreachable: 502,
  internal_error: 500,
  usage_invalid: 400,
}

/** Seconds after which asking again makes sense: an overload passes quickly, a full disk or a restart does not. */
const RETRY_AFTER_S: Readonly<Partial<Record<ErrorCode, number>>> = {
  store_overloaded: 1,
  store_unavailable: 5,
  gateway_draining: 5,
}

export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** `{"error":{"code","message","hint"?,"details"?}}`, where the peer's clients look for it. */
  readonly body: string
}

/** Makes the answer to an error that ended the handling of a request; puts what callers may not see into the journal. */
export type AnswerError = (error: unknown, request: { method: string; path: string }) => ErrorAnswer

export function createErrorAnswers(deps: { ids: Ids; journal: Journal }): AnswerError {
  return function answerError(error, { method, path }) {
    if (!(error instanceof GatewayError)) {
      const errorId = `err_${deps.ids.next('request').slice('req_'.length)}`
      deps.journal.error('http.failed', { error_id: errorId, method, path, error })
      const message = 'Something went wrong inside the gateway.'
      const hint = `The log has the cause under ${errorId}.`
      return answerOf(new GatewayError({ code: 'internal_error', message, hint, details: { error_id: errorId } }))
    }
    const answer = answerOf(error)
    if (answer.status >= 500)
      deps.journal.warn('http.refused', { code: error.code, method, path, message: error.message, cause: error.cause })
    return answer
  }
}

function answerOf({ code, message, hint, details }: GatewayError): ErrorAnswer {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  }
  const retryAfter = RETRY_AFTER_S[code]
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  if (Array.isArray(details.allow)) headers.allow = details.allow.join(', ')
  if (code === 'api_unauthorized') headers['www-authenticate'] = 'Bearer'
  const hasDetails = Object.keys(details).length > 0
  const body = { error: { code, message, ...(hint === undefined ? {} : { hint }), ...(hasDetails ? { details } : {}) } }
  return { status: STATUS[code], headers, body: JSON.stringify(body) }
}

/** Answers for everything behind it; nothing it lets through throws. */
export function handleErrors(answerError: AnswerError): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      // Past koa, because the body of the request may not have been read.
      ctx.respond = false
      sendUnread(ctx.req, ctx.res, answerError(error, { method: ctx.method, path: ctx.path }))
    }
  }
}
