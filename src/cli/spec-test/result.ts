/**
 * What a run of examples came to, as values: the printers for people, for programs and for CI read these and nothing else. A case is
 * `passed`; or `failed`, when the gateway did something else than the example says; or `broken`, when it could not be run at all.
 */
import type { Finding } from '../../domain/finding.ts'

export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export type CaseResult = {
  /** Where the example stands. */
  readonly place: Place
  readonly provider: string
  readonly name: string
  readonly durationMs: number
} & (
  | { readonly status: 'passed' }
  | {
      readonly status: 'failed'
      readonly request: SentRequest
      /** At least one. */
      readonly mismatches: readonly Mismatch[]
      /** What the gateway remarked on the way, such as expressions that failed. */
      readonly problems: readonly string[]
    }
  | { readonly status: 'broken'; readonly reason: string; readonly hint: string | null }
)

/** One expectation that was not met. */
export interface Mismatch {
  /** Where the expectation stands; for one that is not written down, where the example's `expect` does. */
  readonly place: Place
  /** Such as `events[0].type`. */
  readonly subject: string
  /** A value of JSON; undefined is one that is not there. */
  readonly expected: unknown
  readonly seen: unknown
}

/** The request of a case as it was sent, signature included. */
export interface SentRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly rawBody: Uint8Array
}

export interface RunReport {
  /** In the order of the files and of the examples in them. */
  readonly results: readonly CaseResult[]
  /** Files that hold a spec whose examples were run. */
  readonly specs: number
  /** Files whose spec has errors; their examples were not run. */
  readonly invalidSpecs: number
  /** Errors of those specs. */
  readonly findings: readonly Finding[]
  readonly durationMs: number
}

export interface RunSummary {
  readonly passed: number
  readonly failed: number
  readonly broken: number
  readonly invalidSpecs: number
  readonly specs: number
}

export function summarize({ results, specs, invalidSpecs }: RunReport): RunSummary {
  const count = (status: CaseResult['status']): number => results.filter((result) => result.status === status).length
  return { passed: count('passed'), failed: count('failed'), broken: count('broken'), invalidSpecs, specs }
}

/** Whether everything that was asked for was there and passed. A run without a single example proves nothing and is a failure. */
export function isSuccess(report: RunReport): boolean {
  const { passed, failed, broken, invalidSpecs } = summarize(report)
  return passed > 0 && failed === 0 && broken === 0 && invalidSpecs === 0
}
