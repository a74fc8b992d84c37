/**
 * `postern doctor`: looks at everything that keeps a gateway from working, each thing by itself, so that one fault does not hide the
 * next. It changes nothing, but that secrets which others could read are closed to them. Exit code 1 when anything is wrong; warnings
 * alone are not.
 */
import { styleText } from 'node:util'
import {
  type ClientOptions,
  type DefineCommand,
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
} from './command.ts'
import type { Check } from './doctor/check.ts'
import type { CliIo } from './io.ts'
import { oneLine } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'

export const defineDoctor: DefineCommand = (command, { io, run }) => {
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(run((options: ClientOptions) => doctor(options, io)))
  addExamples(command, ['postern doctor', 'postern doctor --config /etc/postern/postern.yaml --json'])
}

export async function doctor(options: ClientOptions, io: CliIo): Promise<ExitCode> {
  const { examine } = await import('./doctor/examine.ts')
  const checks = await examine(options, io)
  const errors = checks.filter((check) => check.status === 'error').length
  const warnings = checks.filter((check) => check.status === 'warning').length
  if (options.json === true)
    io.out(JSON.stringify({ summary: { checks: checks.length, errors, warnings }, checks }, null, 2))
  else
    io.out(
      `${describe(checks, io)}\n\n${errors} wrong, ${warnings} to look at, ${checks.length - errors - warnings} fine`,
    )
  return errors === 0 ? EXIT.ok : EXIT.failed
}

const MARKS = { ok: 'ok   ', warning: 'look ', error: 'WRONG' } as const
const COLORS = { ok: 'green', warning: 'yellow', error: 'red' } as const

/** Under the name of each area one line per check, with the remedy below what needs one. */
function describe(checks: readonly Check[], io: CliIo): string {
  const lines: string[] = []
  let area: string | null = null
  for (const { status, subject, message, hint, area: its } of checks) {
    if (its !== area) lines.push(...(area === null ? [] : ['']), its)
    area = its
    const mark = io.color ? styleText(COLORS[status], MARKS[status], { validateStream: false }) : MARKS[status]
    lines.push(`  ${mark}  ${oneLine(subject)}: ${oneLine(message)}`)
    if (hint !== null) lines.push(`         ${oneLine(hint)}`)
  }
  return lines.join('\n')
}
