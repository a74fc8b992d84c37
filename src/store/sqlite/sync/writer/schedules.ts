/** What configuration and people say of schedules: which there are, how often they run, pauses, wishes for a run, rate limits. */
import type { Database, Statement } from 'better-sqlite3'
import { mergeRunRequest, type SyncName } from '../../../../domain/sync.ts'
import type { DeclaredSync, RunWish } from '../../../../engine/sync/ports/schedule-store.ts'
import type { SyncCommands } from '../commands.ts'
import { everyOf, requestOf, type ScheduleRow, type ScheduleRows } from './schedule-row.ts'

/** Connections looked at in one transaction: some 5 ms. */
const CONNECTIONS_PER_STEP = 500

/** Multiples of it, modulo 1, are spread evenly however many there come to be. */
const GOLDEN_RATIO = 0.618_033_988_749_895

export interface DeclareAnswer {
  /** Where the next step goes on; null at the end. */
  readonly next: Pick<SyncCommands['declare'], 'after' | 'made'> | null
  /** Declared syncs that run for a connection of this step. */
  readonly started: readonly SyncName[]
}

export class Schedules {
  readonly #rows: ScheduleRows
  readonly #connections: Statement<[string, number, number], { seq: number; connection_id: string }>
  readonly #connection: Statement<[string, string], { seq: number; connection_id: string }>

  constructor(db: Database, rows: ScheduleRows) {
    this.#rows = rows
    this.#connections = db.prepare(
      'SELECT seq, connection_id FROM connections WHERE integration = ? AND seq > ? ORDER BY seq LIMIT ? + 0',
    )
    this.#connection = db.prepare(
      'SELECT seq, connection_id FROM connections WHERE connection_id = ? AND integration = ?',
    )
  }

  declare(command: SyncCommands['declare']): DeclareAnswer {
    const { integration, connectionId, syncs, now, spreadMs, after } = command
    let { made } = command
    const started = new Set<SyncName>()
    const found =
      connectionId === null
        ? this.#connections.all(integration, after, CONNECTIONS_PER_STEP)
        : this.#connection.all(connectionId, integration)
    for (const connection of found) {
      const id = connection.connection_id as ScheduleRow['connection_id']
      const rows = this.#rows.select({ integration, connectionId: id, syncs: null })
      for (const row of rows) this.#adapt(row, syncs.find(({ sync }) => sync === row.sync) ?? null, now)
      for (const row of rows) if (row.declared === 1 && row.paused === 0) started.add(row.sync)
      const rateUntil = Math.max(0, ...rows.map((row) => row.rate_until))
      for (const declared of syncs) {
        if (rows.some(({ sync }) => sync === declared.sync)) continue
        this.#rows.insert({
          key: { integration, connectionId: id, sync: declared.sync },
          model: declared.model,
          waits: declared.startsByItself ? 0 : 1,
          every_ms: declared.everyMs,
          due_at: now + Math.floor(((made * GOLDEN_RATIO) % 1) * spreadMs),
          rate_until: rateUntil,
        })
        made += 1
        if (declared.startsByItself) started.add(declared.sync)
      }
    }
    const last = found.at(-1)
    const isEnd = connectionId !== null || last === undefined || found.length < CONNECTIONS_PER_STEP
    return { next: isEnd ? null : { after: last.seq, made }, started: [...started] }
  }

  request(wish: RunWish): 'requested' | 'unknown' {
    const row = this.#rows.find(wish.key)
    if (row === undefined) return 'unknown'
    row.request = JSON.stringify(mergeRunRequest(requestOf(row), wish))
    this.#rows.save(row)
    return 'requested'
  }

  setPaused({ paused, now, ...selection }: SyncCommands['set_paused']): number {
    const rows = this.#rows.select(selection)
    for (const row of rows) {
      if ((row.paused === 1) === paused && row.waits === 0) continue
      if (!paused) row.due_at = now
      row.paused = paused ? 1 : 0
      row.waits = 0
      this.#rows.save(row)
    }
    return rows.length
  }

  overrideEvery({ key, everyMs, now }: SyncCommands['override_every']): { everyMs: number } | null {
    const row = this.#rows.find(key)
    if (row === undefined) return null
    row.override_ms = everyMs
    row.due_at = Math.min(row.due_at, now + everyOf(row))
    this.#rows.save(row)
    return { everyMs: everyOf(row) }
  }

  setRateLimit({ integration, connectionId, until }: SyncCommands['set_rate_limit']): void {
    for (const row of this.#rows.select({ integration, connectionId, syncs: null })) {
      row.rate_until = until
      this.#rows.save(row)
    }
  }

  #adapt(row: ScheduleRow, declared: DeclaredSync | null, now: number): void {
    if (declared === null) {
      if (row.declared === 0) return
      row.declared = 0
      this.#rows.save(row)
      return
    }
    const { model, everyMs, startsByItself } = declared
    const begins = startsByItself && row.waits === 1
    if (!begins && row.declared === 1 && row.model === model && row.every_ms === everyMs) return
    if (row.override_ms === null && everyMs < row.every_ms) row.due_at = Math.min(row.due_at, now + everyMs)
    if (begins) {
      row.paused = 0
      row.waits = 0
      row.due_at = now
    }
    row.declared = 1
    row.model = model
    row.every_ms = everyMs
    this.#rows.save(row)
  }
}
