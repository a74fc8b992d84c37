/** One thing that the doctor looked at, and what he found. */
import { GatewayError } from '../../domain/errors.ts'
import { type Finding, placeOf } from '../../domain/finding.ts'

export interface Check {
  readonly area: 'runtime' | 'configuration' | 'data' | 'specs' | 'integrations' | 'destinations' | 'gateway'
  /** What was looked at, such as the name of an integration. */
  readonly subject: string
  /** Only an error means that something does not work; a warning may be meant. */
  readonly status: 'ok' | 'warning' | 'error'
  readonly message: string
  /** The next action; null where there is nothing to do. */
  readonly hint: string | null
}

export function ok(area: Check['area'], subject: string, message: string): Check {
  return { area, subject, status: 'ok', message, hint: null }
}

export function ofFinding(area: Check['area'], finding: Finding): Check {
  const { severity, message, hint } = finding
  return { area, subject: placeOf(finding), status: severity, message, hint }
}

/** An error that was foreseen, as what it says of the subject; any other is thrown again. */
export function ofError(area: Check['area'], subject: string, error: unknown): Check {
  if (!(error instanceof GatewayError)) throw error
  return { area, subject, status: 'error', message: error.message, hint: error.hint ?? null }
}
