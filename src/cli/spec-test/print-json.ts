/** The report for programs: one JSON document in snake case. */
import { isUtf8 } from 'node:buffer'
import { type CaseResult, isSuccess, type RunReport, type SentRequest, summarize } from './result.ts'

export function formatJson(report: RunReport): string {
  const { invalidSpecs, ...counts } = summarize(report)
  return JSON.stringify(
    {
      success: isSuccess(report),
      summary: { ...counts, invalid_specs: invalidSpecs, duration_ms: rounded(report.durationMs) },
      results: report.results.map(resultToJson),
      findings: report.findings,
    },
    null,
    2,
  )
}

function resultToJson(result: CaseResult): Record<string, unknown> {
  const { place, provider, name, status, durationMs } = result
  const common = { ...place, provider, name, status, duration_ms: rounded(durationMs) }
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
        request: requestToJson(result.request),
      }
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
