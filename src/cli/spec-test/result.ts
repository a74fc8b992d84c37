/**
 * What a run of examples came to, as values: the printers for people, for programs and for CI read these and nothing else. A case is
 * `passed`; or `failed`, when the gateway did something else than the example says, or took an attack made of the example for
 * genuine; or `broken`, when it could not be run at all.
 */
import type { Finding } from '../../domain/finding.ts'
import type { Admission } from './attacks/attack.ts'
import type { SpecCoverage } from './coverage/coverage.ts'

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
  /** What became of the attacks that were made of it; null where there was nothing to attack. */
  readonly attacks: AttackReport | null
} & (
  | { readonly status: 'passed' }
  | {
      readonly status: 'failed'
      /** Null for an example of a sync, whose requests go the other way. */
      readonly request: SentRequest | null
      /** None where all is as expected and an attack has survived. */
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

/** What became of the attacks on one example. */
export interface AttackReport {
  /** The alternative that accepted the example; null for a handshake that is answered without one. */
  readonly alternative: string | null
  readonly killed: number
  readonly harmless: number
  /** Taken with another meaning, which the alternative admits it does not cover. */
  readonly admitted: Readonly<Partial<Record<Admission, number>>>
  readonly survivors: readonly Survivor[]
}

/** An attack that the gateway took for genuine. */
export interface Survivor {
  readonly attack: string
  /** What came of it that must not have. */
  readonly because: string
  /** The admission with which the alternative would say that it cannot see this; null where nothing excuses it. */
  readonly against: Admission | null
  /** Name of the alternative or handshake that should have refused it. */
  readonly clause: string
  /** Where that stands. */
  readonly place: Place
  readonly request: SentRequest
  /** What the clock said, ISO 8601. */
  readonly receivedAt: string
}

/** What the alternatives of a spec say that they do not cover. */
export interface SpecAdmissions {
  readonly provider: string
  readonly place: Place
  readonly alternatives: readonly { readonly name: string; readonly admits: readonly (Admission | 'everything')[] }[]
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
  /** Of the specs that have any; empty where no attacks were made. */
  readonly admissions: readonly SpecAdmissions[]
  /** Null where it was not asked for. */
  readonly coverage: readonly SpecCoverage[] | null
  readonly durationMs: number
}

export interface RunSummary {
  readonly passed: number
  readonly failed: number
  readonly broken: number
  readonly invalidSpecs: number
  readonly specs: number
  /** Null where no attacks were made. */
  readonly attacks: AttackCounts | null
}

export interface AttackCounts {
  readonly killed: number
  readonly harmless: number
  readonly admitted: number
  readonly survived: number
}

export function summarize({ results, specs, invalidSpecs }: RunReport): RunSummary {
  const count = (status: CaseResult['status']): number => results.filter((result) => result.status === status).length
  return {
    passed: count('passed'),
    failed: count('failed'),
    broken: count('broken'),
    invalidSpecs,
    specs,
    attacks: countAttacks(results),
  }
}

function countAttacks(results: readonly CaseResult[]): AttackCounts | null {
  const reports = results.map((result) => result.attacks).filter((report) => report !== null)
  if (reports.length === 0) return null
  const sum = (of: (report: AttackReport) => number): number => reports.reduce((total, report) => total + of(report), 0)
  return {
    killed: sum((report) => report.killed),
    harmless: sum((report) => report.harmless),
    admitted: sum((report) => Object.values(report.admitted).reduce((total, count) => total + count, 0)),
    survived: sum((report) => report.survivors.length),
  }
}

/** Whether everything that was asked for was there and passed. A run without a single example proves nothing and is a failure. */
export function isSuccess(report: RunReport): boolean {
  const { passed, failed, broken, invalidSpecs } = summarize(report)
  return passed > 0 && failed === 0 && broken === 0 && invalidSpecs === 0
}
