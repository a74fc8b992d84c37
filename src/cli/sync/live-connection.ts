/**
 * The connection that `postern sync try` asks a live API for, and what it asks with. What a connection is comes from the gateway; its
 * credentials do not, because the API never gives them out: they are given on the command line, in a file or on standard input.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { JsonObject } from '../../domain/connection.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { ConnectionView } from '../../engine/sync/connection-view.ts'
import { connectClient, isRecord } from '../client.ts'
import type { ClientOptions } from '../command.ts'
import type { CliIo } from '../io.ts'
import { objectOf } from '../key-value.ts'

export interface LiveOptions extends ClientOptions {
  readonly connection?: string
  readonly connectionConfig?: readonly string[]
  readonly metadata?: readonly string[]
  readonly credentials?: string
  readonly token?: string
}

/** As the gateway knows it. */
export async function liveConnection(integration: string, options: LiveOptions, io: CliIo): Promise<ConnectionView> {
  const { connection: id } = options
  const known: Readonly<Record<string, unknown>> =
    id === undefined ? {} : await knownConnection(integration, id, options, io)
  return { ...connectionWith(known, options), connection_id: id ?? 'try' }
}

/** With the members given on the command line in the place of its own. */
export function connectionWith(
  known: Readonly<Record<string, unknown>>,
  { connectionConfig = [], metadata = [] }: Pick<LiveOptions, 'connectionConfig' | 'metadata'>,
): Omit<ConnectionView, 'connection_id'> {
  const object = (name: string): JsonObject => (isRecord(known[name]) ? (known[name] as JsonObject) : {})
  return {
    connection_config: { ...object('connection_config'), ...objectOf(connectionConfig, '--connection-config') },
    metadata: { ...object('metadata'), ...objectOf(metadata, '--metadata') },
    tags: object('tags') as Record<string, string>,
  }
}

async function knownConnection(
  integration: string,
  id: string,
  options: LiveOptions,
  io: CliIo,
): Promise<Readonly<Record<string, unknown>>> {
  const client = await connectClient(options, io)
  const query = { provider_config_key: integration }
  return (await client.call('GET', `/connections/${encodeURIComponent(id)}`, { query })).document
}

/** Under the names the peer stores them; a token serves as bearer token and as key alike. */
export function liveCredentials({ credentials, token }: LiveOptions, io: CliIo): JsonObject {
  if (token !== undefined) return { access_token: token, apiKey: token, username: token, password: '' }
  if (credentials === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(readFileSync(credentials === '-' ? 0 : resolve(io.cwd, credentials), 'utf8'))
  } catch {
    // Not the cause: the text of a JSON error quotes what it could not read.
    throw unusable(`The credentials cannot be read from ${credentials}: there is no JSON.`)
  }
  if (!isRecord(value)) throw unusable(`The credentials in ${credentials} are no JSON object.`)
  return value as JsonObject
}

function unusable(message: string): GatewayError {
  return new GatewayError({
    code: 'usage_invalid',
    message,
    hint: 'They are what POST /connections takes under credentials, such as {"access_token":"…"} or {"apiKey":"…"}.',
  })
}
