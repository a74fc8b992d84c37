/** `/connections`, with the paths, members and answers that the peer's clients know. */
import { Router } from '@koa/router'
import type { Context } from 'koa'
import type { JsonObject } from '../../domain/connection.ts'
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'
import type { ConnectionChange } from '../../engine/ports.ts'
import type { IntegrationSettings } from '../../engine/settings.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { listConnections } from './connection-list.ts'
import { END_USER_TAGS, fullConnection, listedConnection } from './connection-shape.ts'
import { Input, invalidInput, readInput } from './json-input.ts'
import { readQuery } from './query.ts'
import { secretsIn } from './secrets.ts'
import { connectionUnknown, integrationUnknown } from './unknown.ts'

const MAX_ID_LENGTH = 255
const MAX_METADATA_IDS = 1_000
const CONTENT_MEMBERS = [
  'connection_config',
  'metadata',
  'credentials',
  'secrets',
  'tags',
  'end_user',
  'webhook_url_override',
]
/** Parameters of the peer about fresh tokens; there is nothing here to refresh, but its clients always send them. */
const GET_PARAMETERS = ['provider_config_key', 'force_refresh', 'refresh_token', 'refresh_github_app_jwt_token']

type ConnectionDependencies = Pick<
  HttpDependencies,
  'connections' | 'keyring' | 'settings' | 'sealCredentials' | 'newConnectionId' | 'clock'
>

export function addConnectionRoutes(router: Router, deps: ConnectionDependencies): void {
  const { connections, keyring, settings, sealCredentials, newConnectionId, clock } = deps

  function integrationOf(key: string): IntegrationSettings {
    const { integrations } = settings.current()
    const integration = integrations.get(key)
    if (integration !== undefined) return integration
    throw integrationUnknown(key, integrations.keys())
  }

  /** The connection that path and query name. It may belong to an integration that is no longer configured. */
  function namedBy(ctx: Context, known: readonly string[]): { integration: IntegrationKey; id: ConnectionId } {
    const key = readQuery(ctx, known).get('provider_config_key')
    if (key === undefined)
      throw invalidInput('The query has no "provider_config_key".', 'Add ?provider_config_key={integration}.')
    return {
      integration: key as IntegrationKey,
      id: (ctx.params as { connectionId: string }).connectionId as ConnectionId,
    }
  }

  /** What a body says about a connection; members it does not have are left alone. */
  function changeOf(input: Input, integration: IntegrationKey, connectionId: ConnectionId): ConnectionChange {
    const connectionConfig = input.object('connection_config')
    const metadata = input.object('metadata')
    const credentials = input.object('credentials')
    const tags = tagsOf(input)
    const webhookUrlOverride = input.url('webhook_url_override')
    return {
      ...(connectionConfig === undefined ? {} : { connectionConfig }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(tags === undefined ? {} : { tags }),
      ...(webhookUrlOverride === undefined ? {} : { webhookUrlOverride }),
      ...(credentials === undefined
        ? {}
        : { credentials: sealCredentials({ integration, connectionId, credentials }) }),
    }
  }

  router.get('/connections', async (ctx) => {
    const page = await listConnections(ctx, connections)
    ctx.body = { connections: page.items.map(listedConnection), next_cursor: page.nextCursor }
  })

  router.post('/connections', async (ctx) => {
    const input = await readInput(ctx, ['connection_id', 'provider_config_key', ...CONTENT_MEMBERS])
    const { key, spec } = integrationOf(input.requiredText('provider_config_key', 100))
    const connectionId = (connectionIdIn(input.text('connection_id', MAX_ID_LENGTH)) ??
      newConnectionId()) as ConnectionId
    const change = changeOf(input, key, connectionId)
    const secrets = secretsIn(input, spec)
    const { connection, created } = await connections.putConnection(
      {
        connectionId,
        integration: key,
        provider: spec.provider,
        connectionConfig: change.connectionConfig ?? {},
        metadata: change.metadata ?? {},
        tags: change.tags ?? {},
        webhookUrlOverride: change.webhookUrlOverride ?? null,
        credentials: change.credentials ?? null,
      },
      clock.now(),
    )
    if (secrets !== undefined) await keyring.setConnectionSecrets(key, connectionId, secrets)
    ctx.status = created ? 201 : 200
    ctx.body = fullConnection(connection)
  })

  // Before the routes with a connection's name in them.
  router.post('/connections/metadata', (ctx) => changeMetadata(ctx, (_, metadata) => metadata, 201))
  router.patch('/connections/metadata', (ctx) => changeMetadata(ctx, (old, metadata) => ({ ...old, ...metadata }), 200))

  /** All connections that are named are there, or nothing is changed. */
  async function changeMetadata(
    ctx: Context,
    combine: (old: JsonObject, given: JsonObject) => JsonObject,
    status: number,
  ): Promise<void> {
    const input = await readInput(ctx, ['connection_id', 'provider_config_key', 'metadata'])
    const integration = input.requiredText('provider_config_key', 100) as IntegrationKey
    const ids = input.texts('connection_id', MAX_ID_LENGTH, MAX_METADATA_IDS) as readonly ConnectionId[]
    const metadata = input.object('metadata')
    if (metadata === undefined) throw invalidInput('The body has no "metadata".', 'Add "metadata": { … }.')
    const found = await Promise.all(ids.map((id) => connections.getConnection(integration, id)))
    for (const [at, connection] of found.entries())
      if (connection === null) throw connectionUnknown(integration, ids[at]!)
    const now = clock.now()
    for (const connection of found) {
      const change = { metadata: combine(connection!.metadata, metadata) }
      await connections.changeConnection(integration, connection!.connectionId, change, now)
    }
    ctx.status = status
    ctx.body = { connection_id: ids.length === 1 ? ids[0] : ids, provider_config_key: integration, metadata }
  }

  router.get('/connections/:connectionId', async (ctx) => {
    const { integration, id } = namedBy(ctx, GET_PARAMETERS)
    const connection = await connections.getConnection(integration, id)
    if (connection === null) throw connectionUnknown(integration, id)
    ctx.body = fullConnection(connection)
  })

  router.patch('/connections/:connectionId', async (ctx) => {
    const { integration, id } = namedBy(ctx, ['provider_config_key'])
    const input = await readInput(ctx, CONTENT_MEMBERS)
    const change = changeOf(input, integration, id)
    const secrets = input.has('secrets') ? secretsIn(input, integrationOf(integration).spec) : undefined
    const connection = await connections.changeConnection(integration, id, change, clock.now())
    if (connection === null) throw connectionUnknown(integration, id)
    if (secrets !== undefined) await keyring.setConnectionSecrets(integration, id, secrets)
    ctx.body = { success: true }
  })

  router.delete('/connections/:connectionId', async (ctx) => {
    const { integration, id } = namedBy(ctx, ['provider_config_key'])
    if (!(await connections.deleteConnection(integration, id))) throw connectionUnknown(integration, id)
    ctx.body = { success: true }
  })
}

/** Names that could not stand in a URL, a log line or a terminal are refused. */
function connectionIdIn(text: string | undefined): string | undefined {
  // oxlint-disable-next-line no-control-regex
  if (text === undefined || !/[\u0000-\u001f\u007f-\u009f/?#\\]|^\.{1,2}$|^metadata$/.test(text)) return text
  throw invalidInput(
    '"connection_id" has characters that cannot stand in a URL, or is a reserved word.',
    'Use letters, digits and the likes of "-", "_", ".", ":" and "@".',
  )
}

/** Tags, and the end user that the peer's clients describe, which are tags here. */
function tagsOf(input: Input): Readonly<Record<string, string>> | undefined {
  const tags = input.tags('tags')
  const endUser = input.object('end_user')
  if (endUser === undefined) return tags
  const person = new Input(endUser)
  const organization = new Input(person.object('organization') ?? {})
  const described = {
    [END_USER_TAGS.id]: person.requiredText('id', 255),
    [END_USER_TAGS.email]: person.text('email', 255),
    [END_USER_TAGS.displayName]: person.text('display_name', 255),
    [END_USER_TAGS.organizationId]: organization.text('id', 255),
    [END_USER_TAGS.organizationName]: organization.text('display_name', 255),
  }
  const known = Object.entries(described).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...Object.fromEntries(known), ...tags }
}
