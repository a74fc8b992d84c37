/** The connections of an example, found by the same identifiers as those in a store. */
import { type Connection, type IdentifierQuery, identifiersOf } from '../../domain/connection.ts'
import type { ConnectionId } from '../../domain/ids.ts'
import type { ExampleConnection } from '../../domain/provider-spec.gen.ts'
import type { ConnectionDirectory, MatchedConnection } from '../../engine/ports.ts'

export function createConnectionList(connections: readonly ExampleConnection[]): ConnectionDirectory {
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
    return { matched, identifiers: new Set(identifiersOf(connection).map(({ field, value }) => `${field}\n${value}`)) }
  })
  entries.sort((a, b) => (a.matched.connectionId < b.matched.connectionId ? -1 : 1))
  return {
    findConnections: ({ field, values }: IdentifierQuery, limit: number) =>
      entries
        .filter(({ identifiers }) => values.some((value) => identifiers.has(`${field}\n${value}`)))
        .slice(0, limit)
        .map(({ matched }) => matched),
  }
}
