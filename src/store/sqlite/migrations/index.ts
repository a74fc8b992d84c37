/**
 * The schema's history, oldest first. SQL lives in modules, one numbered file each, because the compiler carries modules into
 * `dist/` and nothing else. A released migration is never edited: its checksum is on record in every database.
 */
import type { Migration } from '../migrate.ts'
import { requestsAndConnections } from './0001_requests_and_connections.ts'
import { deliveryEngine } from './0002_delivery_engine.ts'
import { syncs } from './0003_syncs.ts'
import { secrets } from './0004_secrets.ts'
import { syncFailures } from './0005_sync_failures.ts'
import { requestBlocks } from './0006_request_blocks.ts'

export const MIGRATIONS: readonly Migration[] = [
  requestsAndConnections,
  deliveryEngine,
  syncs,
  secrets,
  syncFailures,
  requestBlocks,
]
