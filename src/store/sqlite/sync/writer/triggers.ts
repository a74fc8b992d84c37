/**
 * What events ask of syncs. A trigger of kind `run` becomes a wish of its schedule at once, so a thousand of them are one row; the
 * others wait in the lane of their sync and connection until a claim takes them together. Runs inside the group's transaction.
 *
 * | a lane's triggers | enter by                    | leave by                                              |
 * |-------------------|-----------------------------|-------------------------------------------------------|
 * | waiting           | an event, postponement      | claim (lease and fence)                               |
 * | claimed           | claim                       | done (deleted), postponement, or a lapsed lease       |
 * | applied           | their records are saved     | done; a claim after a lapse hands out just these      |
 */
import type { Database, Statement } from 'better-sqlite3'
import type { SyncFailureCode, SyncKey } from '../../../../domain/sync.ts'
import type { BatchResult } from '../../../../engine/sync/ports/run-store.ts'
import type { ClaimedTriggers } from '../../../../engine/sync/ports/trigger-store.ts'
import type { TapeReader } from '../../tape.ts'
import { readRecord, readRecordBytes, type SyncCommands, type TriggerLease, type WrittenTrigger } from '../commands.ts'
import type { ClaimedLane, TriggerRow } from '../trigger-row.ts'
import type { MissedWebhooks } from './missed-webhooks.ts'
import type { RunParts } from './runs.ts'
import { keyOf } from './schedule-row.ts'
import type { Schedules } from './schedules.ts'

const MAX_TRIGGERS = 100

interface LaneRow {
  seq: number
  integration: SyncKey['integration']
  connection_id: SyncKey['connectionId']
  sync: SyncKey['sync']
  fence: number
  postponements: number
  claimed_to: number | null
  applied: string | null
  last_failure: SyncFailureCode | null
}

type Applied = NonNullable<ClaimedTriggers['applied']> & { readonly runSeq: number }

export interface TriggerParts extends RunParts {
  readonly schedules: Schedules
  readonly missed: MissedWebhooks
}

const NO_BYTES = new Uint8Array()
const LANE_COLUMNS = 'seq, integration, connection_id, sync, fence, postponements, claimed_to, applied, last_failure'

export class Triggers {
  readonly #parts: TriggerParts
  readonly #enterLane: Statement<[string, string, string, number], number>
  readonly #insert: Statement<[number, string, Uint8Array]>
  readonly #noteSync: Statement<[number, string, string, string], 0 | 1>
  readonly #noteIntegration: Statement<[string, string, number]>
  readonly #due: Statement<[number, number], LaneRow>
  readonly #waiting: Statement<[number, number, number], TriggerRow>
  readonly #lease: Statement<[number, number, number]>
  readonly #leased: Statement<[string, string, string, number], LaneRow>
  readonly #keepApplied: Statement<[string, number]>
  readonly #deleteTriggers: Statement<[number, number]>
  readonly #next: Statement<[number], number>
  readonly #end: Statement<[number | null, string | null, number]>
  readonly #postpone: Statement<[number, number]>
  readonly #release: Statement<[number]>
  readonly #lanesOf: Statement<[string, string], number>
  readonly #deleteLane: Statement<[number]>

  constructor(db: Database, parts: TriggerParts) {
    this.#parts = parts
    this.#enterLane = db
      .prepare<[string, string, string, number], number>(
        `INSERT INTO sync_lanes (integration, connection_id, sync, due_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (integration, connection_id, sync) DO UPDATE SET due_at = coalesce(due_at, excluded.due_at)
         RETURNING seq`,
      )
      .pluck()
    this.#insert = db.prepare('INSERT INTO sync_triggers (lane_seq, trigger, bytes) VALUES (?, ?, ?)')
    this.#noteSync = db
      .prepare<[number, string, string, string], 0 | 1>(
        `UPDATE sync_schedules SET last_trigger_at = max(coalesce(last_trigger_at, 0), ?)
         WHERE integration = ? AND connection_id = ? AND sync = ? RETURNING paused`,
      )
      .pluck()
    this.#noteIntegration = db.prepare(
      `INSERT INTO sync_trigger_times (integration, sync, at) VALUES (?, ?, ?)
       ON CONFLICT (integration, sync) DO UPDATE SET at = max(at, excluded.at)`,
    )
    this.#due = db.prepare(`SELECT ${LANE_COLUMNS} FROM sync_lanes WHERE due_at <= ? ORDER BY due_at LIMIT ? + 0`)
    this.#waiting = db.prepare(
      'SELECT seq, trigger, bytes FROM sync_triggers WHERE lane_seq = ? AND seq <= ? ORDER BY seq LIMIT ? + 0',
    )
    this.#lease = db.prepare(
      'UPDATE sync_lanes SET is_leased = 1, fence = fence + 1, due_at = ?, claimed_to = ? WHERE seq = ?',
    )
    this.#leased = db.prepare(
      `SELECT ${LANE_COLUMNS} FROM sync_lanes
       WHERE integration = ? AND connection_id = ? AND sync = ? AND fence = ? AND is_leased = 1`,
    )
    this.#keepApplied = db.prepare('UPDATE sync_lanes SET applied = ? WHERE seq = ?')
    this.#deleteTriggers = db.prepare('DELETE FROM sync_triggers WHERE lane_seq = ? AND seq <= ?')
    this.#next = db.prepare<[number], number>('SELECT 1 FROM sync_triggers WHERE lane_seq = ? LIMIT 1').pluck()
    this.#end = db.prepare(
      `UPDATE sync_lanes SET is_leased = 0, due_at = ?, postponements = 0, claimed_to = NULL, applied = NULL, last_failure = ?
       WHERE seq = ?`,
    )
    this.#postpone = db.prepare(
      'UPDATE sync_lanes SET is_leased = 0, due_at = ?, postponements = postponements + 1 WHERE seq = ?',
    )
    this.#release = db.prepare(
      'UPDATE sync_lanes SET is_leased = 0, due_at = ? WHERE due_at IS NOT NULL AND is_leased = 1',
    )
    this.#lanesOf = db
      .prepare<[string, string], number>('SELECT seq FROM sync_lanes WHERE integration = ? AND connection_id = ?')
      .pluck()
    this.#deleteLane = db.prepare('DELETE FROM sync_lanes WHERE seq = ?')
  }

  add({ triggers, windowMs, now }: SyncCommands['add_triggers'], tape: TapeReader): void {
    for (const trigger of triggers) {
      const { key, action } = trigger
      const { integration, connectionId, sync } = key
      const bytes = action.kind === 'upsert' ? readRecordBytes(action.records, tape) : NO_BYTES
      // Bytes are read first, so that the next trigger finds its own.
      const isPaused = this.#noteSync.get(now, integration, connectionId, sync)
      if (isPaused === undefined) continue
      this.#noteIntegration.run(integration, sync, now)
      this.#parts.missed.disprove(key, idsOf(action))
      // What a paused sync is told is not kept one by one: it may be told for years. It runs when it is started.
      if (action.kind === 'run' || isPaused === 1) {
        const wish = { cause: 'webhook', triggers: 1, isFull: false, emptiesCache: false } as const
        this.#parts.schedules.request({ ...wish, key, now, windowMs: windowMs[sync] ?? 0 })
        continue
      }
      const lane = this.#enterLane.get(integration, connectionId, sync, now)!
      this.#insert.run(lane, JSON.stringify(trigger), bytes)
    }
  }

  claim({ now, limit, leaseUntil }: SyncCommands['claim_triggers']): ClaimedLane[] {
    return this.#due.all(now, limit).map((lane) => {
      const applied = lane.applied === null ? null : (JSON.parse(lane.applied) as Applied)
      const upTo = applied === null ? Number.MAX_SAFE_INTEGER : (lane.claimed_to ?? 0)
      const rows = this.#waiting.all(lane.seq, upTo, MAX_TRIGGERS)
      this.#lease.run(leaseUntil, rows.at(-1)?.seq ?? 0, lane.seq)
      return {
        key: keyOf(lane),
        fence: lane.fence + 1,
        postponements: lane.postponements,
        rows,
        applied: applied === null ? null : { run: applied.run, result: applied.result },
        lastFailure: lane.last_failure,
      }
    })
  }

  apply(command: SyncCommands['apply_triggers'], tape: TapeReader): BatchResult | null {
    const { log, sets, cache } = this.#parts
    const lane = this.#leasedLane(command.triggers)
    if (lane === undefined) return null
    if (lane.applied !== null) return (JSON.parse(lane.applied) as Applied).result
    const records = command.records.map((record) => readRecord(record, tape))
    const { run, model, deletedIds, now } = command
    const runSeq = log.add(keyOf(lane), run, model)
    const set = sets.findOrMake({ ...keyOf(lane), model })
    const { result } = cache.save(set, { runSeq, records, deletedIds, ignoreModifiedAfter: null, now })
    log.advance(log.get(runSeq)!, { ...command, result, progress: null })
    const applied: Applied = { run, result, runSeq }
    this.#keepApplied.run(JSON.stringify(applied), lane.seq)
    return result
  }

  finish(command: SyncCommands['finish_triggers'], tape: TapeReader): boolean {
    const { log, notices } = this.#parts
    const lane = this.#leasedLane(command.triggers)
    if (lane === undefined) return false
    const { failure, now, run } = command
    const applied = lane.applied === null ? null : (JSON.parse(lane.applied) as Applied)
    const runSeq = applied?.runSeq ?? log.add(keyOf(lane), run, command.model)
    const end =
      failure === null
        ? { state: 'succeeded' as const, checkpoint: run.checkpointBefore }
        : { state: 'failed' as const, failure }
    log.finish(log.get(runSeq)!, { end, now, notes: command.notes })
    this.#deleteTriggers.run(lane.seq, lane.claimed_to ?? 0)
    this.#end.run(this.#next.get(lane.seq) === undefined ? null : now, failure?.code ?? null, lane.seq)
    notices.store(command.notices, now, tape)
    return true
  }

  postpone({ triggers, until }: SyncCommands['postpone_triggers']): void {
    const lane = this.#leasedLane(triggers)
    if (lane !== undefined) this.#postpone.run(until, lane.seq)
  }

  release(now: number): number {
    return this.#release.run(now).changes
  }

  deleteOf(integration: string, connectionId: string): void {
    for (const lane of this.#lanesOf.all(integration, connectionId)) {
      this.#deleteTriggers.run(lane, Number.MAX_SAFE_INTEGER)
      this.#deleteLane.run(lane)
    }
  }

  #leasedLane({ key, fence }: TriggerLease): LaneRow | undefined {
    return this.#leased.get(key.integration, key.connectionId, key.sync, fence)
  }
}

/** Null: whatever the sync finds. */
function idsOf(action: WrittenTrigger['action']): readonly string[] | null {
  if (action.kind === 'run') return null
  return action.kind === 'upsert' ? action.records.map(({ id }) => id) : action.ids
}
