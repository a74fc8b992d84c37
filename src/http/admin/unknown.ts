/** The 404s of names that several parts of the API take, each with what to do next. */
import { type ErrorCode, GatewayError } from '../../domain/errors.ts'
import { suggest } from '../../domain/suggestion.ts'

export function integrationUnknown(key: string, known: Iterable<string>): GatewayError {
  return new GatewayError({
    code: 'integration_unknown',
    message: `There is no integration called "${key.slice(0, 100)}".`,
    hint: suggest(key, known) ?? 'Add it to the configuration.',
  })
}

export function connectionUnknown(integration: string, id: string): GatewayError {
  return new GatewayError({
    code: 'connection_unknown',
    message: `The integration "${integration.slice(0, 100)}" has no connection "${id.slice(0, 255)}".`,
    hint: 'List them with GET /connections, or add it with POST /connections.',
  })
}

/** Of an entry of a log, by its id. */
export function entryUnknown(code: ErrorCode, noun: string, id: string): GatewayError {
  return new GatewayError({
    code,
    message: `There is no ${noun} "${id.slice(0, 100)}".`,
    hint: 'It may be past its retention, or its id incomplete.',
  })
}
