/** The report for people: a line for each case as it ends, below a failed one what was sent and what came of it, counts at the end. */
import { isUtf8 } from 'node:buffer'
import { styleText } from 'node:util'
import { type Finding, placeOf } from '../../domain/finding.ts'
import { HeaderList } from '../../domain/request.ts'
import { curlText } from '../curl-text.ts'
import { oneLine } from '../printable.ts'
import { diffValues } from './diff.ts'
import type { Admission } from './attacks/attack.ts'
import { countOf, formatFinding } from './finding-text.ts'
import {
  type AttackCounts,
  type CaseResult,
  isSuccess,
  type Mismatch,
  type RunReport,
  type SentRequest,
  summarize,
  type Survivor,
} from './result.ts'

export interface TextPrinter {
  result(result: CaseResult): string
  findings(findings: readonly Finding[]): string
  summary(report: RunReport): string
}

/** More of a body is not read by anybody; the example has all of it. */
const MAX_BODY_LENGTH = 2_000

export function createTextPrinter(options: { color: boolean }): TextPrinter {
  const paint = (style: 'red' | 'green' | 'yellow' | 'dim', text: string): string =>
    options.color ? styleText(style, text, { validateStream: false }) : text

  const mismatchLines = (mismatch: Mismatch): string[] => [
    `  expected ${mismatch.subject} (${placeOf(mismatch.place)})`,
    ...diffValues(mismatch.expected, mismatch.seen).map(({ sign, text }) => {
      const line = `    ${sign} ${visible(text)}`
      return sign === '-' ? paint('green', line) : sign === '+' ? paint('red', line) : paint('dim', line)
    }),
  ]

  /** Of survivors that the same admission would excuse one is shown whole: they mostly have the same cause. */
  const survivorLines = (survivors: readonly Survivor[]): string[] =>
    [...new Set(survivors.map(({ against }) => against))].flatMap((against) => {
      const [first, ...others] = survivors.filter((survivor) => survivor.against === against)
      const shown = against === null ? [first!, ...others] : [first!]
      return [
        ...shown.flatMap(survivorLinesOf),
        ...(shown.length > 1 || others.length === 0 ? [] : [`  and ${others.length} more: ${namesOf(others)}`]),
        ...(against === null ? [] : [`  ${paint('dim', admissionHint(first!, against))}`]),
      ]
    })

  const survivorLinesOf = (survivor: Survivor): string[] => [
    `  ${paint('red', 'attack survived')}: ${oneLine(survivor.attack)}`,
    `    ${oneLine(survivor.because)} (${placeOf(survivor.place)}), received at ${survivor.receivedAt}`,
    ...visible(curlOf(survivor.request))
      .split('\n')
      .map((line) => `    ${line}`),
  ]

  return {
    result(result) {
      const line = `${placeOf(result.place)}  ${result.provider}: ${oneLine(result.name)}`
      switch (result.status) {
        case 'passed':
          return `${paint('green', '✓')} ${line}`
        case 'broken':
          return [
            `${paint('red', '!')} ${line}`,
            `  could not be run: ${oneLine(result.reason)}`,
            ...(result.hint === null ? [] : [`  ${oneLine(result.hint)}`]),
          ].join('\n')
        case 'failed':
          return [
            `${paint('red', '✗')} ${line}`,
            ...result.mismatches.flatMap(mismatchLines),
            ...result.problems.map((problem) => `  remark: ${oneLine(problem)}`),
            ...(result.mismatches.length === 0 || result.request === null
              ? []
              : ['  request', ...requestLines(result.request).map((text) => `    ${text}`.trimEnd())]),
            ...survivorLines(result.attacks?.survivors ?? []),
          ].join('\n')
      }
    },
    findings: (findings) => findings.map((finding) => formatFinding(finding, options.color)).join('\n'),
    summary(report) {
      const { passed, failed, broken, invalidSpecs, specs, attacks } = summarize(report)
      const counts = [
        `${passed} passed`,
        `${failed} failed`,
        ...(broken > 0 ? [`${broken} broken`] : []),
        ...(invalidSpecs > 0 ? [`${countOf(invalidSpecs, 'spec')} with errors`] : []),
      ].join(', ')
      const line = `${counts} in ${countOf(specs, 'spec')} (${(report.durationMs / 1_000).toFixed(2)} s)`
      return [
        ...coverageLines(report),
        ...(attacks === null ? [] : [...admissionLines(report), attackLine(attacks)]),
        paint(isSuccess(report) ? 'green' : 'red', line),
      ].join('\n')
    },
  }
}

function namesOf(survivors: readonly Survivor[]): string {
  return oneLine(survivors.map(({ attack }) => attack).join(', '))
}

function admissionHint({ clause }: Survivor, against: Admission): string {
  return `If the scheme cannot see this, add ${against} to does_not_cover of "${oneLine(clause)}".`
}

function attackLine({ killed, harmless, admitted, survived }: AttackCounts): string {
  const total = killed + harmless + admitted + survived
  return `${countOf(total, 'attack')}: ${survived} survived, ${killed} refused, ${harmless} harmless, ${admitted} admitted`
}

function admissionLines({ admissions }: RunReport): string[] {
  if (admissions.length === 0) return []
  const lines = admissions.map(({ provider, alternatives }) => {
    const each = alternatives.map(({ name, admits }) => `${oneLine(name)}: ${admits.join(', ')}`)
    return `  ${provider}  ${each.join('; ')}`
  })
  return ['Not covered by the schemes, as their specs admit:', ...lines]
}

function coverageLines({ coverage }: RunReport): string[] {
  if (coverage === null) return []
  const reached = coverage.reduce((sum, one) => sum + one.reached, 0)
  const total = coverage.reduce((sum, one) => sum + one.unreached.length, reached)
  return [
    `Coverage: examples reach ${reached} of ${countOf(total, 'clause')}`,
    ...coverage.flatMap(({ unreached, unneeded }) => [
      ...unreached.map(({ place, clause }) => `  ${placeOf(place)}  ${oneLine(clause)} is not reached`),
      ...unneeded.map(({ place, clause }) => `  ${placeOf(place)}  ${oneLine(clause)} has excused no attack`),
    ]),
  ]
}

/** The exact request, to be sent again from a shell. */
function curlOf({ method, url, headers, rawBody }: SentRequest): string {
  return curlText({ method, url, headers: new HeaderList(headers.flat()), rawBody }, url)
}

function requestLines({ method, url, headers, rawBody }: SentRequest): string[] {
  const head = [`${method} ${visible(url)}`, ...headers.map(([name, value]) => visible(`${name}: ${value}`))]
  if (rawBody.length === 0) return [...head, '(no body)']
  if (!isUtf8(rawBody)) return [...head, '', `(base64) ${shortened(Buffer.from(rawBody).toString('base64'))}`]
  return [...head, '', ...visible(shortened(Buffer.from(rawBody).toString('utf8'))).split('\n')]
}

function shortened(text: string): string {
  const rest = text.length - MAX_BODY_LENGTH
  return rest <= 0 ? text : `${text.slice(0, MAX_BODY_LENGTH)}\n… ${rest} more characters`
}

/** Control characters and marks that hide or reorder text, written out: the reader's terminal must not obey an example. */
function visible(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu, (mark) => {
    const code = mark.codePointAt(0)!
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}
