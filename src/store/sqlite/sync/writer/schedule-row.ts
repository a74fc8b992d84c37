/**
 * The row of a schedule, and when it can be claimed. `wake_at` is worked out here each time a row is written, so that the scheduler
 * needs one index and no timer for each connection.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { RunCause, RunRequest, SyncFailureCode, SyncKey } from '../../../../domain/sync.ts'
import type { SyncSelection } from '../../../../engine/sync/ports/schedule-store.ts'

/** What the run under way answers, or the one that was interrupted. */
export interface Claim {
  readonly cause: RunCause
  readonly triggers: number
  readonly isFull: boolean
  readonly emptiesCache: boolean
}

export interface ScheduleRow {
  seq: number
  integration: SyncKey['integration']
  connection_id: SyncKey['connectionId']
  sync: SyncKey['sync']
  model: string
  declared: 0 | 1
  paused: 0 | 1
  /** Paused only because its declaration does not start by itself, and nobody has started or paused it. */
  waits: 0 | 1
  every_ms: number
  override_ms: number | null
  due_at: number
  request: string | null
  claim: string | null
  lease_until: number | null
  resume_at: number | null
  fence: number
  rate_until: number
  wake_at: number | null
  run_seq: number | null
  last_full_at: number | null
  last_success_at: number | null
  last_trigger_at: number | null
  missed_webhooks: number
  last_failure: SyncFailureCode | null
  checkpoint: string
}

export function everyOf(row: ScheduleRow): number {
  return row.override_ms ?? row.every_ms
}

export function requestOf(row: ScheduleRow): RunRequest | null {
  return row.request === null ? null : (JSON.parse(row.request) as RunRequest)
}

export function claimOf(row: ScheduleRow): Claim | null {
  return row.claim === null ? null : (JSON.parse(row.claim) as Claim)
}

export function keyOf(row: Pick<ScheduleRow, 'integration' | 'connection_id' | 'sync'>): SyncKey {
  return { integration: row.integration, connectionId: row.connection_id, sync: row.sync }
}

/** The wish, when it may be granted: a paused schedule runs for a person only. */
export function grantableRequest(row: ScheduleRow): RunRequest | null {
  const request = requestOf(row)
  return request !== null && (row.paused === 0 || request.cause === 'request') ? request : null
}

function wakeAtOf(row: ScheduleRow): number | null {
  if (row.declared === 0) return null
  const at = row.lease_until ?? unleasedWakeAt(row)
  return at === null ? null : Math.max(at, row.rate_until)
}

/** An interrupted run goes on before anything new begins, even of a schedule that is paused. */
function unleasedWakeAt(row: ScheduleRow): number | null {
  const request = grantableRequest(row)
  if (row.claim !== null) return row.resume_at ?? row.due_at
  if (row.paused === 1) return request?.dueAt ?? null
  return request === null ? row.due_at : Math.min(row.due_at, request.dueAt)
}

export class ScheduleRows {
  readonly #find: Statement<[string, string, string], ScheduleRow>
  readonly #ofConnection: Statement<[string, string], ScheduleRow>
  readonly #ofIntegration: Statement<[string], ScheduleRow>
  readonly #awake: Statement<[number, number], ScheduleRow>
  readonly #leased: Statement<[], ScheduleRow>
  readonly #save: Statement
  readonly #renew: Statement<[number, number, number]>
  readonly #insert: Statement
  readonly #delete: Statement<[string, string]>

  constructor(db: Database) {
    const all = 'SELECT * FROM sync_schedules'
    this.#find = db.prepare(`${all} WHERE integration = ? AND connection_id = ? AND sync = ?`)
    this.#ofConnection = db.prepare(`${all} WHERE integration = ? AND connection_id = ?`)
    this.#ofIntegration = db.prepare(`${all} WHERE integration = ?`)
    this.#awake = db.prepare(`${all} WHERE wake_at <= ? ORDER BY wake_at LIMIT ? + 0`)
    this.#leased = db.prepare(`${all} WHERE lease_until IS NOT NULL`)
    this.#save = db.prepare(
      `UPDATE sync_schedules SET model = ?, declared = ?, paused = ?, waits = ?, every_ms = ?, override_ms = ?, due_at = ?, request = ?,
         claim = ?, lease_until = ?, resume_at = ?, fence = ?, rate_until = ?, wake_at = ?, run_seq = ?, last_full_at = ?,
         last_success_at = ?, last_trigger_at = ?, missed_webhooks = ?, last_failure = ?, checkpoint = ?
       WHERE seq = ?`,
    )
    this.#renew = db.prepare(
      'UPDATE sync_schedules SET lease_until = ?, wake_at = iif(declared, max(?, rate_until), NULL) WHERE seq = ?',
    )
    this.#insert = db.prepare(
      `INSERT INTO sync_schedules (integration, connection_id, sync, model, declared, paused, waits, every_ms, due_at, rate_until,
         wake_at, checkpoint)
       VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, '{}')`,
    )
    this.#delete = db.prepare('DELETE FROM sync_schedules WHERE integration = ? AND connection_id = ?')
  }

  find({ integration, connectionId, sync }: SyncKey): ScheduleRow | undefined {
    return this.#find.get(integration, connectionId, sync)
  }

  /** The row, if this is its current lease. */
  leased({ key, fence }: { key: SyncKey; fence: number }): ScheduleRow | undefined {
    const row = this.find(key)
    return row !== undefined && row.fence === fence && row.lease_until !== null ? row : undefined
  }

  select({ integration, connectionId, syncs }: SyncSelection): ScheduleRow[] {
    const rows =
      connectionId === null ? this.#ofIntegration.all(integration) : this.#ofConnection.all(integration, connectionId)
    return syncs === null || syncs.length === 0 ? rows : rows.filter(({ sync }) => syncs.includes(sync))
  }

  awake(now: number, limit: number): ScheduleRow[] {
    return this.#awake.all(now, limit)
  }

  allLeased(): ScheduleRow[] {
    return this.#leased.all()
  }

  insert(row: Pick<ScheduleRow, 'model' | 'waits' | 'every_ms' | 'due_at' | 'rate_until'> & { key: SyncKey }): void {
    const { integration, connectionId, sync } = row.key
    const wakeAt = row.waits === 1 ? null : Math.max(row.due_at, row.rate_until)
    const { model, waits, every_ms: every, due_at: dueAt, rate_until: rateUntil } = row
    this.#insert.run(integration, connectionId, sync, model, waits, waits, every, dueAt, rateUntil, wakeAt)
  }

  save(row: ScheduleRow): void {
    this.#save.run(
      row.model,
      row.declared,
      row.paused,
      row.waits,
      row.every_ms,
      row.override_ms,
      row.due_at,
      row.request,
      row.claim,
      row.lease_until,
      row.resume_at,
      row.fence,
      row.rate_until,
      wakeAtOf(row),
      row.run_seq,
      row.last_full_at,
      row.last_success_at,
      row.last_trigger_at,
      row.missed_webhooks,
      row.last_failure,
      row.checkpoint,
      row.seq,
    )
  }

  renew(row: ScheduleRow, leaseUntil: number): void {
    this.#renew.run(leaseUntil, leaseUntil, row.seq)
  }

  /** Runs that have begun and not ended. */
  runsOf(integration: string, connectionId: string): number[] {
    return this.#ofConnection.all(integration, connectionId).flatMap((row) => row.run_seq ?? [])
  }

  deleteOf(integration: string, connectionId: string): void {
    this.#delete.run(integration, connectionId)
  }
}
