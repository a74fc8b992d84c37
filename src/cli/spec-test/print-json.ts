/** The report for programs: one JSON document in snake case. */
import { isUtf8 } from 'node:buffer'
import type { SpecCoverage, UnreachedClause } from './coverage/coverage.ts'
import { type AttackReport, type CaseResult, isSuccess, type RunReport, type SentRequest, summarize } from './result.ts'

export function formatJson(report: RunReport): string {
  const { invalidSpecs, ...counts } = summarize(report)
  return JSON.stringify(
    {
      success: isSuccess(report),
      summary: { ...counts, invalid_specs: invalidSpecs, duration_ms: rounded(report.durationMs) },
      results: report.results.map(resultToJson),
      findings: report.findings,
      admissions: report.admissions.map(({ place, ...admission }) => ({ ...place, ...admission })),
      ...(report.coverage === null ? {} : { coverage: report.coverage.map(coverageToJson) }),
    },
    null,
    2,
  )
}

function resultToJson(result: CaseResult): Record<string, unknown> {
  const { place, provider, name, status, durationMs } = result
  const attacks = attacksToJson(result.attacks)
  const common = { ...place, provider, name, status, duration_ms: rounded(durationMs), attacks }
  switch (result.status) {
    case 'passed':
      return common
    case 'broken':
      return { ...common, reason: result.reason, hint: result.hint }
    case 'failed':
      return {
        ...common,
        // What was not there is null here; a program that must tell it from null has `expected` and the example.
        mismatches: result.mismatches.map(({ place: at, subject, expected, seen }) => ({
          ...at,
          subject,
          expected: expected ?? null,
          seen: seen ?? null,
        })),
        problems: result.problems,
        request: result.request === null ? null : requestToJson(result.request),
      }
  }
}

function attacksToJson(report: AttackReport | null): Record<string, unknown> | null {
  if (report === null) return null
  const { alternative, killed, harmless, admitted, survivors } = report
  return {
    alternative,
    killed,
    harmless,
    admitted,
    survivors: survivors.map(({ place, request, receivedAt, ...survivor }) => ({
      ...place,
      ...survivor,
      received_at: receivedAt,
      request: requestToJson(request),
    })),
  }
}

function coverageToJson({ provider, file, reached, unreached, unneeded }: SpecCoverage): Record<string, unknown> {
  const clauseToJson = ({ place, clause }: UnreachedClause): Record<string, unknown> => ({ ...place, clause })
  return {
    provider,
    file,
    reached,
    total: reached + unreached.length,
    unreached: unreached.map(clauseToJson),
    unneeded_admissions: unneeded.map(clauseToJson),
  }
}

function requestToJson({ method, url, headers, rawBody }: SentRequest): Record<string, unknown> {
  const body = Buffer.from(rawBody)
  return {
    method,
    url,
    headers,
    ...(isUtf8(body) ? { body: body.toString('utf8') } : { body_base64: body.toString('base64') }),
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
