/** `postern sync run`, `start` and `pause`: three wishes of the same form, said to the API as the peer's clients say them. */
import type { Command } from 'commander'
import { GatewayError } from '../../domain/errors.ts'
import { connectClient } from '../client.ts'
import {
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
  type ClientOptions,
  type CommandContext,
} from '../command.ts'
import type { CliIo } from '../io.ts'
import { prettyJson } from '../pretty-json.ts'
import { oneLine } from '../printable.ts'
import { EXIT, type ExitCode } from '../report-error.ts'

interface Move {
  readonly name: 'run' | 'start' | 'pause'
  readonly summary: string
  readonly path: string
  /** What is said of the syncs afterwards. */
  readonly done: string
}

interface MoveOptions extends ClientOptions {
  readonly connection?: string
  readonly all?: boolean
  readonly reset?: boolean
  readonly emptyCache?: boolean
}

export function defineMove(parent: Command, { io, run }: CommandContext, move: Move): void {
  const command = parent.command(move.name).description(move.summary)
  command.argument('<integration>', 'the integration')
  command.argument('[syncs...]', 'these syncs; otherwise all of them')
  command.option('--connection <id>', 'of this connection')
  command.option('--all', 'of every connection')
  if (move.name === 'run') {
    command.option('--reset', 'from the beginning instead of where the last run got to')
    command.option('--empty-cache', 'forget all records first, so that each comes as added')
  }
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(
    run((integration: string, syncs: string[], options: MoveOptions) =>
      makeMove(move, { integration, syncs, options }, io),
    ),
  )
  addExamples(command, [
    `postern sync ${move.name} hubspot contacts --connection acme`,
    move.name === 'run'
      ? 'postern sync run hubspot contacts --connection acme --reset'
      : `postern sync ${move.name} hubspot --all`,
  ])
}

async function makeMove(
  move: Move,
  input: { integration: string; syncs: readonly string[]; options: MoveOptions },
  io: CliIo,
): Promise<ExitCode> {
  const { integration, syncs, options } = input
  const { connection, reset = false, emptyCache = false } = options
  if ((connection === undefined) === (options.all !== true)) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: connection === undefined ? 'Of which connection?' : '--connection and --all contradict each other.',
      hint: `Name one: postern sync ${move.name} ${integration} --connection acme, or give --all.`,
    })
  }
  const client = await connectClient(options, io)
  const body = {
    provider_config_key: integration,
    syncs,
    ...(connection === undefined ? {} : { connection_id: connection }),
    ...(move.name === 'run' ? { opts: { reset, emptyCache } } : {}),
  }
  const answer = await client.call('POST', move.path, { body })
  if (options.json === true) io.out(prettyJson(answer.text))
  else {
    const which = syncs.length === 0 ? 'all syncs' : syncs.map(oneLine).join(', ')
    io.out(`${oneLine(integration)}  ${which}  ${connection ?? 'every connection'}  ${move.done}`)
    io.err(
      `See what comes of it: postern sync status ${oneLine(integration)}${connection === undefined ? '' : ` --connection ${oneLine(connection)}`}`,
    )
  }
  return EXIT.ok
}
