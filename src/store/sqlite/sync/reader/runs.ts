/** Reads the log of runs and the list of missed webhooks. */
import type { SyncKey, SyncRun, SyncRunId } from '../../../../domain/sync.ts'
import type { Page, PageRequest } from '../../../../engine/ports.ts'
import type { MissedWebhook } from '../../../../engine/sync/ports/gap-store.ts'
import type { ReadConnection, SqlValue } from '../../reader/read-connection.ts'
import { MISSED_COLUMNS, type MissedRow, missedOf } from '../missed-row.ts'
import { type RunRow, runOf } from '../run-row.ts'
import { walkNewestFirst } from './walk.ts'

type KeyFilter = Partial<SyncKey>
type RunFilter = KeyFilter & { state?: SyncRun['state'] }

export function listSyncRuns(reader: ReadConnection, filter: RunFilter, page: PageRequest): Promise<Page<SyncRun>> {
  return walkNewestFirst<RunRow, SyncRun>(
    {
      reader,
      select: 'SELECT * FROM sync_runs',
      indexed: indexOfRuns(filter),
      fits: (row) => fitsKey(filter, row) && (filter.state === undefined || filter.state === row.state),
      itemOf: runOf,
    },
    page,
  )
}

export function getSyncRun(reader: ReadConnection, id: SyncRunId): SyncRun | null {
  const row = reader.get<RunRow>('SELECT * FROM sync_runs WHERE id = ?', [id])
  return row === undefined ? null : runOf(row)
}

export function runBySeq(reader: ReadConnection, seq: number): SyncRun | null {
  const row = reader.get<RunRow>('SELECT * FROM sync_runs WHERE seq = ?', [seq])
  return row === undefined ? null : runOf(row)
}

export function lastRunOf(reader: ReadConnection, { integration, connectionId, sync }: SyncKey): SyncRun | null {
  const row = reader.get<RunRow>(
    `SELECT * FROM sync_runs WHERE integration = ? AND connection_id = ? AND sync = ? ORDER BY seq DESC LIMIT 1`,
    [integration, connectionId, sync],
  )
  return row === undefined ? null : runOf(row)
}

export function listMissedWebhooks(
  reader: ReadConnection,
  filter: KeyFilter,
  page: PageRequest,
): Promise<Page<MissedWebhook>> {
  return walkNewestFirst<MissedRow, MissedWebhook>(
    {
      reader,
      select: `SELECT ${MISSED_COLUMNS} FROM missed_webhooks`,
      indexed: indexOfKey(filter),
      fits: (row) => row.confirm_at === null && fitsKey(filter, row),
      itemOf: missedOf,
    },
    page,
  )
}

interface Indexed {
  readonly sql: string
  readonly values: readonly SqlValue[]
}

function indexOfRuns(filter: RunFilter): Indexed {
  const { integration, connectionId, sync, state } = filter
  if (integration !== undefined && connectionId !== undefined && sync !== undefined) {
    return { sql: 'integration = ? AND connection_id = ? AND sync = ?', values: [integration, connectionId, sync] }
  }
  if (connectionId !== undefined || state === undefined || state === 'succeeded') return indexOfKey(filter)
  // The second condition repeats that of the partial index, by which SQLite knows that the index applies.
  return { sql: `state = ? AND state <> 'succeeded'`, values: [state] }
}

function indexOfKey({ integration, connectionId }: KeyFilter): Indexed {
  if (connectionId !== undefined) return { sql: 'connection_id = ?', values: [connectionId] }
  if (integration !== undefined) return { sql: 'integration = ?', values: [integration] }
  return { sql: '', values: [] }
}

function fitsKey(
  { integration, connectionId, sync }: KeyFilter,
  row: { integration: string; connection_id: string; sync: string },
): boolean {
  return (
    (integration === undefined || integration === row.integration) &&
    (connectionId === undefined || connectionId === row.connection_id) &&
    (sync === undefined || sync === row.sync)
  )
}
