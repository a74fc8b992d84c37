/** `postern secrets`: what the gateway keeps besides its configuration, captured from providers or given with a connection. */
import { type JsonRecord, connectClient, recordsIn } from './client.ts'
import {
  type ClientOptions,
  type DefineCommand,
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
} from './command.ts'
import type { CliIo } from './io.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { type Column, formatTable } from './table.ts'
import { formatTime } from './time-text.ts'

interface SecretsOptions extends ClientOptions {
  readonly connection?: string
}

const COLUMNS: readonly Column<JsonRecord>[] = [
  { title: 'INTEGRATION', cell: (secret) => secret['integration'] },
  { title: 'CONNECTION', cell: (secret) => secret['connection_id'] },
  { title: 'NAME', cell: (secret) => secret['name'] },
  { title: 'FINGERPRINT', cell: (secret) => secret['fingerprint'] },
  { title: 'SOURCE', cell: (secret) => secret['source'] },
  { title: 'SINCE (UTC)', cell: (secret) => formatTime(secret['created_at']) },
]

export const defineSecrets: DefineCommand = (command, { io, run }) => {
  command.argument('[action]', 'list, show or forget', 'list')
  command.argument('[integration]', 'the integration')
  command.argument('[name]', 'the secret, by the term of the provider')
  command.option('--connection <id>', 'of this connection; otherwise of the integration')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(
    run((action: string, integration: string | undefined, name: string | undefined, options: SecretsOptions) =>
      secrets({ action, integration, name, options }, io),
    ),
  )
  addExamples(command, [
    'postern secrets',
    'postern secrets show notion verification_token',
    'postern secrets forget notion verification_token',
  ])
}

async function secrets(
  input: { action: string; integration: string | undefined; name: string | undefined; options: SecretsOptions },
  io: CliIo,
): Promise<ExitCode> {
  const { action, integration, name, options } = input
  const isKnown =
    action === 'list' || ((action === 'show' || action === 'forget') && integration !== undefined && name !== undefined)
  if (!isKnown) {
    io.err('usage_invalid: say list, or show or forget with an integration and a name.\n  See: postern secrets --help')
    return EXIT.couldNotRun
  }
  const client = await connectClient(options, io)
  if (action === 'list') {
    const answer = await client.call('GET', '/api/v1/secrets', { query: { integration } })
    const list = recordsIn(answer.document, 'secrets')
    if (options.json === true) io.out(prettyJson(answer.text))
    else io.out(list.length === 0 ? 'No secrets are kept besides the configuration.' : formatTable(COLUMNS, list, io))
    return EXIT.ok
  }
  const body = { integration, name, ...(options.connection === undefined ? {} : { connection_id: options.connection }) }
  const answer = await client.call('POST', `/api/v1/secrets/${action === 'show' ? 'reveal' : 'forget'}`, { body })
  if (options.json === true) io.out(prettyJson(answer.text))
  else io.out(action === 'show' ? String(answer.document['value']) : `${oneLine(name)}  forgotten`)
  return EXIT.ok
}
