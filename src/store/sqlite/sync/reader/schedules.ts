/** Reads schedules: when something can be claimed next, and how each sync of a connection stands. */
import type { Checkpoint, SyncKey } from '../../../../domain/sync.ts'
import type { Page, PageRequest } from '../../../../engine/ports.ts'
import type { SealedCredentials } from '../../../../engine/sync/ports/credential-store.ts'
import type { SyncSelection, SyncStatus } from '../../../../engine/sync/ports/schedule-store.ts'
import { limitOf, namesCursor, readNamesCursor } from '../../reader/cursor.ts'
import type { ReadConnection } from '../../reader/read-connection.ts'
import { nextTurn } from '../../reader/turn.ts'
import { versionOf } from '../credential-version.ts'
import { countRecords } from './records.ts'
import { lastRunOf, runBySeq } from './runs.ts'

/** Schedules read between two turns of the event loop, with two look-ups each: some 2 ms. */
const SCHEDULES_PER_TURN = 200

interface StatusRow {
  integration: SyncStatus['key']['integration']
  connection_id: SyncStatus['key']['connectionId']
  sync: SyncStatus['key']['sync']
  model: string
  declared: 0 | 1
  paused: 0 | 1
  every_ms: number
  override_ms: number | null
  due_at: number
  checkpoint: string
  missed_webhooks: number
  run_seq: number | null
}

const STATUS_COLUMNS = `integration, connection_id, sync, model, declared, paused, every_ms, override_ms, due_at, checkpoint,
    missed_webhooks, run_seq`
const LIST_SQL = `SELECT ${STATUS_COLUMNS} FROM sync_schedules
  WHERE (integration, connection_id, sync) > (?, ?, ?) AND integration <= ?
  ORDER BY integration, connection_id, sync LIMIT ? + 0`
const STATUS_SQL = `SELECT ${STATUS_COLUMNS} FROM sync_schedules
  WHERE integration = ? AND connection_id >= ? AND connection_id <= ? AND (connection_id, sync) > (?, ?)
  ORDER BY connection_id, sync LIMIT ? + 0`

const NEXT_SYNC_SQL = 'SELECT wake_at AS at FROM sync_schedules WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1'
const NEXT_TRIGGER_SQL = 'SELECT due_at AS at FROM sync_lanes WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1'

/** After every name there can be. */
const LAST_ID = '\u{10ffff}'

export function nextSyncDueAt(reader: ReadConnection): number | null {
  return reader.get<{ at: number }>(NEXT_SYNC_SQL, [])?.at ?? null
}

export function nextTriggerDueAt(reader: ReadConnection): number | null {
  return reader.get<{ at: number }>(NEXT_TRIGGER_SQL, [])?.at ?? null
}

export async function syncStatus(reader: ReadConnection, selection: SyncSelection): Promise<SyncStatus[]> {
  const { integration, connectionId, syncs } = selection
  const statuses: SyncStatus[] = []
  let place: readonly [connectionId: string, sync: string] = ['', '']
  for (;;) {
    const rows = reader.all<StatusRow>(STATUS_SQL, [
      integration,
      connectionId ?? '',
      connectionId ?? LAST_ID,
      ...place,
      SCHEDULES_PER_TURN,
    ])
    for (const row of rows) {
      if (syncs !== null && syncs.length > 0 && !syncs.includes(row.sync)) continue
      statuses.push(statusOf(reader, row))
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < SCHEDULES_PER_TURN) return statuses
    place = [last.connection_id, last.sync]
    await nextTurn()
  }
}

export async function listSyncs(
  reader: ReadConnection,
  filter: Partial<SyncKey>,
  page: PageRequest,
): Promise<Page<SyncStatus>> {
  const limit = limitOf(page)
  const { integration, connectionId, sync } = filter
  const items: SyncStatus[] = []
  let place = page.after === null ? [integration ?? '', connectionId ?? '', ''] : readNamesCursor(page.after, 3)
  for (;;) {
    const rows = reader.all<StatusRow>(LIST_SQL, [...place, integration ?? LAST_ID, SCHEDULES_PER_TURN])
    for (const row of rows) {
      const isWanted =
        (connectionId === undefined || connectionId === row.connection_id) && (sync === undefined || sync === row.sync)
      if (isWanted && items.length === limit) return { items, nextCursor: namesCursor(place) }
      if (isWanted) items.push(statusOf(reader, row))
      place = [row.integration, row.connection_id, row.sync]
      // Of one integration its connections are in order, so nothing that is wanted comes after.
      if (integration !== undefined && connectionId !== undefined && row.connection_id > connectionId)
        return { items, nextCursor: null }
    }
    if (rows.length < SCHEDULES_PER_TURN) return { items, nextCursor: null }
    await nextTurn()
  }
}

export function readCredentials(
  reader: ReadConnection,
  integration: string,
  connectionId: string,
): SealedCredentials | null {
  const row = reader.get<{ credentials: Uint8Array | null }>(
    'SELECT credentials FROM connections WHERE connection_id = ? AND integration = ?',
    [connectionId, integration],
  )
  return row === undefined || row.credentials === null
    ? null
    : { sealed: row.credentials, version: versionOf(row.credentials) }
}

function statusOf(reader: ReadConnection, row: StatusRow): SyncStatus {
  const key = { integration: row.integration, connectionId: row.connection_id, sync: row.sync }
  return {
    key,
    model: row.model,
    isPaused: row.paused === 1,
    isDeclared: row.declared === 1,
    everyMs: row.override_ms ?? row.every_ms,
    overridesEvery: row.override_ms !== null,
    nextDueAt: row.paused === 1 ? null : row.due_at,
    lastRun: row.run_seq === null ? lastRunOf(reader, key) : runBySeq(reader, row.run_seq),
    checkpoint: JSON.parse(row.checkpoint) as Checkpoint,
    recordCount: countRecords(reader, { ...key, model: row.model }),
    missedWebhooks: row.missed_webhooks,
  }
}
