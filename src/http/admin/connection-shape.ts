/** Connections as the peer's clients expect them on the wire. */
import { createHash } from 'node:crypto'
import type { Connection } from '../../domain/connection.ts'
import { instant } from './log-shape.ts'

/** An item of `GET /connections`. */
export function listedConnection(connection: Connection): Record<string, unknown> {
  return {
    id: numericId(connection),
    connection_id: connection.connectionId,
    provider_config_key: connection.integration,
    provider: connection.provider,
    created: instant(connection.createdAt),
    metadata: connection.metadata,
    tags: connection.tags,
    errors: [],
    end_user: endUserOf(connection.tags),
  }
}

/** `GET /connections/{id}`. Credentials go in and never come out. */
export function fullConnection(connection: Connection): Record<string, unknown> {
  return {
    id: numericId(connection),
    connection_id: connection.connectionId,
    provider_config_key: connection.integration,
    provider: connection.provider,
    created_at: instant(connection.createdAt),
    updated_at: instant(connection.updatedAt),
    last_fetched_at: null,
    connection_config: connection.connectionConfig,
    metadata: connection.metadata,
    tags: connection.tags,
    webhook_url_override: connection.webhookUrlOverride,
    errors: [],
    end_user: endUserOf(connection.tags),
    credentials: {},
  }
}

/** Tags under which the peer keeps what it was told of a connection's end user. */
export const END_USER_TAGS = {
  id: 'end_user_id',
  email: 'end_user_email',
  displayName: 'end_user_display_name',
  organizationId: 'organization_id',
  organizationName: 'organization_display_name',
} as const

function endUserOf(tags: Readonly<Record<string, string>>): Record<string, unknown> | null {
  const tag = (name: string): string | null => (Object.hasOwn(tags, name) ? tags[name]! : null)
  const id = tag(END_USER_TAGS.id)
  if (id === null) return null
  const organizationId = tag(END_USER_TAGS.organizationId)
  return {
    id,
    display_name: tag(END_USER_TAGS.displayName),
    email: tag(END_USER_TAGS.email),
    tags: null,
    organization:
      organizationId === null ? null : { id: organizationId, display_name: tag(END_USER_TAGS.organizationName) },
  }
}

/**
 * The peer numbers its connections, and its clients' types say so; we have no number, so one is made from the name: stable, and
 * unique as far as 48 bits of SHA-256 are.
 */
function numericId({ integration, connectionId }: Connection): number {
  return createHash('sha256').update(`${integration}\n${connectionId}`).digest().readUIntBE(0, 6)
}
