/**
 * The one error class of the gateway and the closed list of its codes. A code is `area_reason`; once released it is never
 * renamed or reused. Decisions are made on codes and fields, never on message text. Expected results (a refused signature, a
 * failed attempt, findings of the linter) are values, not errors.
 */
export const ERROR_CODES = [
  'config_invalid',
  'config_unreadable',
  'spec_invalid',
  'spec_unreadable',
  'spec_unknown_provider',
  'expression_invalid',
  'integration_unknown',
  'connection_unknown',
  'connection_invalid',
  'request_unknown',
  'event_unknown',
  'delivery_unknown',
  'delivery_not_replayable',
  'delivery_not_cancellable',
  'replay_unknown',
  'replay_not_planned',
  'replay_grown',
  'destination_unknown',
  'provider_unknown',
  'secret_unknown',
  'sync_unknown',
  'sync_run_unknown',
  'model_unknown',
  'example_unknown',
  'route_unknown',
  'method_unsupported',
  'api_unauthorized',
  'api_invalid_input',
  'body_too_large',
  'body_incomplete',
  'store_unavailable',
  'store_overloaded',
  'store_unsupported',
  'gateway_draining',
  'internal_error',
  'gateway_unreachable',
  'usage_invalid',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export interface ErrorParts {
  code: ErrorCode
  /** Names the thing and the value seen. */
  message: string
  /** The next action, if possible a command. */
  hint?: string | undefined
  /** Public facts, safe to print and to send. */
  details?: Record<string, unknown> | undefined
  /** Private: goes to the log, never to a caller. */
  cause?: unknown
}

export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: Record<string, unknown>

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause })
    this.name = 'GatewayError'
    this.code = parts.code
    this.hint = parts.hint
    this.details = parts.details ?? {}
  }
}
