/**
 * The command line `postern`: finds the command that is meant, loads its module and no other, and turns what comes back into an
 * exit code. Help, usage errors and suggestions are commander's; where they are printed and what they exit with is decided here.
 */
import { Command, CommanderError } from 'commander'
import { GatewayError } from '../domain/errors.ts'
import type { CommandContext } from './command.ts'
import { COMMANDS } from './command-list.ts'
import type { CliIo } from './io.ts'
import { EXIT, type ExitCode, reportError } from './report-error.ts'

/** Runs one command line (without `node` and the script) and resolves with 0, 1 or 2. Never rejects. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const isJson = argv.slice(0, indexOrEnd(argv, '--')).includes('--json')
  let exitCode: ExitCode = EXIT.ok
  const context: CommandContext = {
    io,
    run: (action) =>
      async function act(...args) {
        exitCode = await action(...args)
      },
  }
  try {
    if (await printVersion(argv, io, isJson)) return EXIT.ok
    const program = await buildProgram(context, { name: nameOf(argv) })
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return endOfParsing(error, argv, io, isJson)
    return reportError(error, io, { json: isJson })
  }
}

/**
 * The tree of commands. Only the command named in `only` is filled in, or all are: a module may load the configuration, the specs or
 * the store, and help must come at once.
 */
export async function buildProgram(
  context: CommandContext,
  only: { readonly name: string | null } | 'all',
): Promise<Command> {
  const program = new Command('postern')
    .description('Self-hosted, declarative webhook gateway: verifies, attributes, stores and forwards.')
    .option('-V, --version', 'print the versions of postern, Node.js and SQLite')
    .helpCommand('help [command]', 'help of one command')
    .addHelpText(
      'after',
      '\nExamples:\n  $ postern serve\n  $ postern trigger github/ping\n  $ postern requests --limit 5\n\nExit codes: 0 done, 1 failed or found something wrong, 2 could not run.',
    )
  prepare(program, context.io)
  for (const { name, summary, load } of COMMANDS) {
    const command = prepare(new Command(name).description(summary), context.io)
    if (only === 'all' || only.name === name) {
      const define = await load()
      define(command, context)
      for (const below of command.commands) prepare(below, context.io)
    }
    program.addCommand(command)
  }
  return program
}

/** Errors come as exceptions instead of exits, and everything commander prints goes through `io`. */
function prepare(command: Command, io: CliIo): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      outputError: () => {}, // reported once, in the form of all our errors
      getOutHasColors: () => io.color,
      getErrHasColors: () => io.color,
    })
}

/** The word that names the command: the first that is no option, or the one after `help`. */
function nameOf(argv: readonly string[]): string | null {
  const words = argv.filter((word) => !word.startsWith('-'))
  return (words[0] === 'help' ? words[1] : words[0]) ?? null
}

async function printVersion(argv: readonly string[], io: CliIo, isJson: boolean): Promise<boolean> {
  if (argv[0] !== '--version' && argv[0] !== '-V' && !(isJson && argv[1] === '--version')) return false
  const { readVersions } = await import('./versions.ts')
  const versions = await readVersions()
  io.out(
    isJson
      ? JSON.stringify(versions, null, 2)
      : `postern ${versions.postern}\nnode ${versions.node}\nsqlite ${versions.sqlite ?? 'cannot be loaded; run: npm rebuild better-sqlite3'}`,
  )
  return true
}

function endOfParsing(error: CommanderError, argv: readonly string[], io: CliIo, isJson: boolean): ExitCode {
  if (error.exitCode === 0) return EXIT.ok // help that was asked for
  if (error.code === 'commander.help') return EXIT.couldNotRun // help instead of a command; already printed
  const [message, suggestion] = error.message.replace(/^error: /, '').split('\n')
  const name = nameOf(argv)
  const isKnown = COMMANDS.some((command) => command.name === name)
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? `See: postern ${isKnown ? `${name} ` : ''}--help`
  return reportError(new GatewayError({ code: 'usage_invalid', message: message ?? error.message, hint }), io, {
    json: isJson,
  })
}

function indexOrEnd(argv: readonly string[], word: string): number {
  const at = argv.indexOf(word)
  return at === -1 ? argv.length : at
}
