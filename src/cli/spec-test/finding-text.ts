/** Findings as people read them: `file:line:column severity code message`, the remedy below. */
import { styleText } from 'node:util'
import { type Finding, placeOf } from '../../domain/finding.ts'
import { oneLine } from '../printable.ts'

export function formatFinding(finding: Finding, color: boolean): string {
  const { severity, code, message, hint } = finding
  const paint = (style: 'red' | 'yellow' | 'dim', text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text
  const head = `${placeOf(finding)} ${paint(severity === 'error' ? 'red' : 'yellow', severity)} ${code} ${oneLine(message)}`
  return hint === null ? head : `${head}\n    ${paint('dim', oneLine(hint))}`
}

/** `1 error`, `2 errors` */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
