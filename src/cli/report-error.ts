/**
 * How a command that cannot go on says so, and with which exit code: 1, the command ran and the answer is no; 2, it could not run
 * (wrong usage, unreadable configuration, no gateway). The text is for people, on stderr. With `--json` the same error is also the
 * one document on stdout, so that a program never has to parse a sentence.
 */
import { styleText } from 'node:util'
import { type ErrorCode, GatewayError } from '../domain/errors.ts'
import type { CliIo } from './io.ts'
import { severalLines } from './printable.ts'

export const EXIT = { ok: 0, failed: 1, couldNotRun: 2 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Answers of a working gateway about a thing that was asked for. Everything else kept the command from running. */
const NEGATIVE_ANSWERS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'connection_unknown',
  'connection_invalid',
  'request_unknown',
  'event_unknown',
  'delivery_unknown',
  'delivery_not_replayable',
  'destination_unknown',
  'sync_unknown',
  'sync_run_unknown',
  'model_unknown',
])

/** Prints the error and says which exit code it means. An error that nobody foresaw is printed with its stack. */
export function reportError(error: unknown, io: CliIo, options: { json: boolean }): ExitCode {
  if (error instanceof GatewayError) {
    const { code, message, hint, details } = error
    if (options.json)
      io.out(JSON.stringify({ error: { code, message, ...(hint === undefined ? {} : { hint }), details } }, null, 2))
    io.err(`${paint(io, code)}: ${severalLines(message)}${hint === undefined ? '' : `\n  ${severalLines(hint)}`}`)
    return NEGATIVE_ANSWERS.has(code) ? EXIT.failed : EXIT.couldNotRun
  }
  const message = error instanceof Error ? error.message : String(error)
  if (options.json) io.out(JSON.stringify({ error: { code: 'unexpected', message, details: {} } }, null, 2))
  io.err(
    `${paint(io, 'unexpected')}: ${isSystemError(error) || !(error instanceof Error) ? message : (error.stack ?? message)}`,
  )
  return EXIT.couldNotRun
}

/** What the file system or the network says is a fact of the outside, not a fault of ours: its sentence is enough. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

function paint(io: CliIo, text: string): string {
  return io.color ? styleText('red', text, { validateStream: false }) : text
}
