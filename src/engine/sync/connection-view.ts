/** A connection as expressions of syncs see it: everything but its credentials. */
import type { Connection } from '../../domain/connection.ts'
import type { ConnectionView } from './ports.ts'

export function connectionView(connection: Connection): ConnectionView {
  return {
    connection_id: connection.connectionId,
    connection_config: connection.connectionConfig,
    metadata: connection.metadata,
    tags: connection.tags,
  }
}
