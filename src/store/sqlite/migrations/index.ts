/**
 * The schema's history, oldest first. SQL lives in modules, one numbered file each, because the compiler carries modules into
 * `dist/` and nothing else. A released migration is never edited: its checksum is on record in every database.
 */
import type { Migration } from '../migrate.ts'
import { requestsAndConnections } from './0001_requests_and_connections.ts'

export const MIGRATIONS: readonly Migration[] = [requestsAndConnections]
