/** `postern connections`: the accounts that events are attributed to, added, listed and removed through the gateway's API. */
import { GatewayError } from '../domain/errors.ts'
import { type JsonRecord, connectClient } from './client.ts'
import {
  type ClientOptions,
  type CommandContext,
  type DefineCommand,
  type PageOptions,
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
  addPageOptions,
  collect,
} from './command.ts'
import type { CliIo } from './io.ts'
import { isPair, objectOf, textsOf } from './key-value.ts'
import { printPage } from './log-list.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import type { Column } from './table.ts'
import { formatTime } from './time-text.ts'

interface AddOptions extends Omit<ClientOptions, 'config'> {
  readonly integration: string
  readonly config?: readonly string[]
  readonly metadata?: readonly string[]
  readonly tag?: readonly string[]
  readonly overrideUrl?: string
}

interface ListOptions extends ClientOptions, PageOptions {
  readonly integration?: string
  readonly search?: string
}

const COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'CONNECTION', cell: (connection) => connection['connection_id'] },
  { title: 'INTEGRATION', cell: (connection) => connection['provider_config_key'] },
  { title: 'PROVIDER', cell: (connection) => connection['provider'] },
  { title: 'CREATED (UTC)', cell: (connection) => formatTime(connection['created']) },
  { title: 'METADATA', cell: (connection) => connection['metadata'], maxWidth: 40 },
  { title: 'TAGS', cell: (connection) => connection['tags'], maxWidth: 40 },
]

export const defineConnections: DefineCommand = (command, context) => {
  addExamples(command, ['postern connections add acme --integration github --config organization_id=9012'])
  defineAdd(command, context)
  defineList(command, context)
  defineRemove(command, context)
}

const defineAdd: DefineCommand = (parent, { io, run }: CommandContext) => {
  const command = parent.command('add').description('add a connection, or replace the one of this name')
  command.argument('<id>', 'the name of the connection in your app')
  command.requiredOption('--integration <key>', 'the integration that serves it')
  command.option(
    '--config <key=value>',
    'a member of its connection_config, dots for members within members; may be repeated. (A value without "=" is the configuration file, as everywhere.)',
    collect,
  )
  command.option('--metadata <key=value>', 'a member of its metadata; may be repeated', collect)
  command.option('--tag <name=value>', 'a tag; may be repeated', collect)
  command.option('--override-url <url>', "where its forwards go instead of the destination's URL")
  addJsonOption(addClientOptions(command))
  command.action(run((id: string, options: AddOptions) => add(id, options, io)))
  addExamples(command, [
    'postern connections add acme --integration github --config installation_id=40112233',
    'postern connections add acme --integration slack --config team.id=T0123ABCD --metadata plan=pro --tag region=eu',
  ])
}

const defineList: DefineCommand = (parent, { io, run }: CommandContext) => {
  const command = parent.command('list').description('list connections, newest first')
  command.option('--integration <key>', 'only of this integration')
  command.option('--search <text>', 'only those whose name or tags contain this')
  addJsonOption(addClientOptions(addConfigOption(addPageOptions(command))))
  command.action(run((options: ListOptions) => list(options, io)))
  addExamples(command, ['postern connections list --integration github'])
}

const defineRemove: DefineCommand = (parent, { io, run }: CommandContext) => {
  const command = parent.command('remove').description('remove a connection; what it received stays in the log')
  command.argument('<id>', 'the name of the connection')
  command.requiredOption('--integration <key>', 'the integration that serves it')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(run((id: string, options: ClientOptions & { integration: string }) => remove(id, options, io)))
  addExamples(command, ['postern connections remove acme --integration github'])
}

async function add(id: string, options: AddOptions, io: CliIo): Promise<ExitCode> {
  const { config = [], metadata, tag, overrideUrl, ...client } = options
  const files = config.filter((value) => !isPair(value))
  if (files.length > 1) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: `--config names ${files.length} configuration files: ${files.join(', ')}.`,
      hint: 'A member of connection_config is written key=value: --config organization_id=9012',
    })
  }
  const body = {
    connection_id: id,
    provider_config_key: options.integration,
    connection_config: objectOf(config.filter(isPair), '--config'),
    ...(metadata === undefined ? {} : { metadata: objectOf(metadata, '--metadata') }),
    ...(tag === undefined ? {} : { tags: textsOf(tag, '--tag') }),
    ...(overrideUrl === undefined ? {} : { webhook_url_override: overrideUrl }),
  }
  const gateway = await connectClient({ ...client, ...(files[0] === undefined ? {} : { config: files[0] }) }, io)
  const answer = await gateway.call('POST', '/connections', { body })
  if (options.json === true) io.out(prettyJson(answer.text))
  else io.out(`${oneLine(answer.document['connection_id'])}  ${answer.status === 201 ? 'added' : 'replaced'}`)
  return EXIT.ok
}

async function list(options: ListOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const { integration, search, limit, cursor } = options
  const query = { integrationId: integration, search, limit, cursor }
  const answer = await client.call('GET', '/connections', { query })
  printPage(answer, { name: 'connections', columns: COLUMNS }, options, io)
  return EXIT.ok
}

async function remove(id: string, options: ClientOptions & { integration: string }, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const query = { provider_config_key: options.integration }
  const answer = await client.call('DELETE', `/connections/${encodeURIComponent(id)}`, { query })
  io.out(options.json === true ? prettyJson(answer.text) : `${oneLine(id)}  removed`)
  return EXIT.ok
}
