/** A connection as expressions of syncs see it: everything but its credentials. */
import type { Connection, JsonObject } from '../../domain/connection.ts'

/** What the engine reads of a connection for expressions. */
export interface ConnectionView {
  readonly connection_id: string
  readonly connection_config: JsonObject
  readonly metadata: JsonObject
  readonly tags: Readonly<Record<string, string>>
}

export function connectionView(connection: Connection): ConnectionView {
  return {
    connection_id: connection.connectionId,
    connection_config: connection.connectionConfig,
    metadata: connection.metadata,
    tags: connection.tags,
  }
}
