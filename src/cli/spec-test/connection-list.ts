/** The connections of an example, found by the same identifiers as those in a store, and their own secrets. */
import { type Connection, type IdentifierQuery, identifiersOf } from '../../domain/connection.ts'
import type { ConnectionId } from '../../domain/ids.ts'
import type { ExampleConnection } from '../../domain/provider-spec.gen.ts'
import { Secret } from '../../domain/secret.ts'
import type { ConnectionDirectory, MatchedConnection } from '../../engine/ports.ts'
import type { ConnectionSecretQuery, ConnectionSecrets } from '../../verify/verifier.ts'

export interface ConnectionList extends ConnectionDirectory {
  readonly secrets: ConnectionSecrets
}

export function createConnectionList(connections: readonly ExampleConnection[]): ConnectionList {
  const entries = connections.map((given) => {
    const connection: Pick<Connection, 'connectionId' | 'connectionConfig' | 'metadata' | 'tags'> = {
      connectionId: given.connection_id as ConnectionId,
      connectionConfig: given.connection_config ?? {},
      metadata: given.metadata ?? {},
      tags: given.tags ?? {},
    }
    const matched: MatchedConnection = {
      connectionId: connection.connectionId,
      webhookUrlOverride: given.webhook_url_override ?? null,
    }
    const secrets = new Map(Object.entries(given.secrets ?? {}).map(([name, texts]) => [name, secretsOf(texts)]))
    return {
      matched,
      secrets,
      identifiers: new Set(identifiersOf(connection).map(({ field, value }) => `${field}\n${value}`)),
    }
  })
  entries.sort((a, b) => (a.matched.connectionId < b.matched.connectionId ? -1 : 1))
  const find = (field: string, values: readonly string[]): typeof entries =>
    entries.filter(({ identifiers }) => values.some((value) => identifiers.has(`${field}\n${value}`)))
  return {
    findConnections: ({ field, values }: IdentifierQuery, limit: number) =>
      find(field, values)
        .slice(0, limit)
        .map(({ matched }) => matched),
    secrets: {
      find: ({ field, values, name }: ConnectionSecretQuery) =>
        find(field, values).map(({ matched, secrets }) => ({
          connectionId: matched.connectionId,
          secrets: secrets.get(name) ?? [],
        })),
    },
  }
}

function secretsOf(texts: string | readonly string[]): Secret[] {
  return (typeof texts === 'string' ? [texts] : texts).map((text) => new Secret(text))
}
