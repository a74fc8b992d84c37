/**
 * What one command is to the program: a module that is loaded only when the command is asked for, and that declares its arguments,
 * options and help on commander's object. Beside it the options that several commands share, so that they are worded once.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CliIo } from './io.ts'
import type { ExitCode } from './report-error.ts'

/** Declares arguments, options and action of a command; does nothing yet. */
export type DefineCommand = (command: Command, context: CommandContext) => void

export interface CommandContext {
  readonly io: CliIo
  /** Makes a commander action of a function that answers with an exit code. */
  readonly run: <Args extends unknown[]>(
    action: (...args: Args) => Promise<ExitCode>,
  ) => (...args: Args) => Promise<void>
}

/** Options of every command that speaks to a running gateway. */
export interface ClientOptions extends ConfigOptions {
  readonly url?: string
  readonly apiKey?: string
}

export interface ConfigOptions {
  readonly config?: string
  readonly json?: boolean
}

/** Options of every command that lists. */
export interface PageOptions {
  readonly limit: number
  readonly cursor?: string
}

export function addConfigOption(command: Command): Command {
  return command.option('-c, --config <file>', 'configuration file (POSTERN_CONFIG; otherwise postern.yaml here)')
}

export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print one JSON document and nothing else')
}

export function addClientOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the gateway (POSTERN_URL; otherwise from the configuration)')
    .option(
      '--api-key <key>',
      'key of its API (POSTERN_API_KEY; otherwise from the configuration or the data directory)',
    )
}

export function addPageOptions(command: Command): Command {
  return command
    .addOption(new Option('--limit <n>', 'how many, newest first').argParser(parseCount).default(20))
    .option('--cursor <cursor>', 'go on where the list before this one ended')
}

/** Examples stand at the end of every command's help; a test asks for them. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
}

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value]
}

function parseCount(text: string): number {
  const count = /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > 200) throw new InvalidArgumentError('Give a number from 1 to 200.')
  return count
}

export function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : -1
  if (port < 0 || port > 65_535) throw new InvalidArgumentError('Give a port from 0 to 65535; 0 takes a free one.')
  return port
}
