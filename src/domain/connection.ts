/**
 * A connection is one account at a provider, served by an integration. Events find it by its identifiers: every scalar in
 * `connection_config` and `metadata`, addressed by dotted path. Values are compared as text, so that an id beyond 2^53 is
 * matched by its exact digits.
 */
import type { ConnectionId, IntegrationKey } from './ids.ts'

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }
export type JsonObject = { [key: string]: JsonValue }

export interface Connection {
  readonly connectionId: ConnectionId
  readonly integration: IntegrationKey
  readonly provider: string
  readonly connectionConfig: JsonObject
  readonly metadata: JsonObject
  readonly tags: Readonly<Record<string, string>>
  /** Forwards of this connection go here instead of the destination's URL. */
  readonly webhookUrlOverride: string | null
  /** ms since the epoch */
  readonly createdAt: number
  readonly updatedAt: number
}

/** What an event knows of a connection: where to look and which values count. */
export interface IdentifierQuery {
  readonly integration: IntegrationKey
  /** `connection_id`, `connection_config.<path>`, `metadata.<path>` or `tags.<name>` */
  readonly field: string
  /** Any of these; at most 1,000. */
  readonly values: readonly string[]
}

export interface Identifier {
  readonly field: string
  readonly value: string
}

const MAX_IDENTIFIERS = 1_000
const MAX_DEPTH = 8
const MAX_VALUE_LENGTH = 1_024

/**
 * Every scalar of a connection by dotted path; the items of an array all stand under the array's own path, so a list of resource
 * ids is matched by any of them. Null, booleans, empty strings and values over 1,024 characters identify nothing. Stops at 1,000.
 */
export function identifiersOf(
  connection: Pick<Connection, 'connectionId' | 'connectionConfig' | 'metadata' | 'tags'>,
): Identifier[] {
  const found = new Map<string, Identifier>()
  const visit = (value: JsonValue, field: string, depth: number): void => {
    if (found.size >= MAX_IDENTIFIERS || depth > MAX_DEPTH) return
    if (typeof value === 'string' || typeof value === 'number') {
      const text = String(value)
      if (text !== '' && text.length <= MAX_VALUE_LENGTH) found.set(`${field}\n${text}`, { field, value: text })
    } else if (Array.isArray(value)) {
      for (const item of value) visit(item, field, depth + 1)
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) visit(item, `${field}.${key}`, depth + 1)
    }
  }
  visit(connection.connectionId, 'connection_id', 0)
  visit(connection.connectionConfig, 'connection_config', 0)
  visit(connection.metadata, 'metadata', 0)
  visit({ ...connection.tags }, 'tags', 0)
  return [...found.values()]
}
