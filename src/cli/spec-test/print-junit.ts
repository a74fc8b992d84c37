/** The report for CI: JUnit XML as GitLab, Jenkins and GitHub's report actions read it. A suite is a file, a test case an example. */
import { type Finding, placeOf } from '../../domain/finding.ts'
import { createTextPrinter } from './print-text.ts'
import type { CaseResult, RunReport } from './result.ts'

export function formatJunit(report: RunReport): string {
  const text = createTextPrinter({ color: false })
  const suites = new Map<string, { results: CaseResult[]; findings: Finding[] }>()
  const suiteOf = (file: string): { results: CaseResult[]; findings: Finding[] } => {
    const known = suites.get(file)
    if (known !== undefined) return known
    const suite = { results: [], findings: [] }
    suites.set(file, suite)
    return suite
  }
  for (const result of report.results) suiteOf(result.place.file).results.push(result)
  for (const finding of report.findings) suiteOf(finding.file).findings.push(finding)

  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites name="postern">']
  for (const [file, { results, findings }] of suites) {
    const failures = results.filter((result) => result.status === 'failed').length
    const errors = results.filter((result) => result.status === 'broken').length + findings.length
    lines.push(
      `  <testsuite name=${quote(file)} tests="${results.length + findings.length}" failures="${failures}" errors="${errors}" time="${seconds(results.reduce((sum, result) => sum + result.durationMs, 0))}">`,
    )
    for (const result of results) {
      const head = `    <testcase classname=${quote(result.provider)} name=${quote(result.name)} file=${quote(file)} line="${result.place.line}" time="${seconds(result.durationMs)}"`
      if (result.status === 'passed') {
        lines.push(`${head}/>`)
        continue
      }
      const [tag, message] = result.status === 'broken' ? ['error', result.reason] : ['failure', whyFailed(result)]
      lines.push(
        `${head}>`,
        `      <${tag} message=${quote(message)}>${escape(text.result(result))}</${tag}>`,
        '    </testcase>',
      )
    }
    for (const finding of findings) {
      lines.push(
        `    <testcase classname="lint" name=${quote(`${placeOf(finding)} ${finding.code}`)} file=${quote(file)} line="${finding.line}" time="0.000">`,
        `      <error message=${quote(finding.message)}>${escape(finding.hint ?? '')}</error>`,
        '    </testcase>',
      )
    }
    lines.push('  </testsuite>')
  }
  lines.push('</testsuites>')
  return `${lines.join('\n')}\n`
}

function whyFailed({ mismatches, attacks }: CaseResult & { readonly status: 'failed' }): string {
  if (mismatches.length > 0) return `not as expected: ${mismatches.map((mismatch) => mismatch.subject).join(', ')}`
  return `attack survived: ${(attacks?.survivors ?? []).map((survivor) => survivor.attack).join(', ')}`
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3)
}

function quote(text: string): string {
  return `"${escape(text).replaceAll('\n', '&#10;')}"`
}

/** XML 1.0 has no way to write most control characters, escaped or not. */
function escape(text: string): string {
  return text
    .replaceAll(/[^\P{Cc}\n\t\r]|[\uD800-\uDFFF\uFFFE\uFFFF]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
