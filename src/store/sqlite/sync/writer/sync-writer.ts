/** All that the writer does for syncs: the verbs by name, what goes with a connection, and the upkeep between groups. */
import type { Database } from 'better-sqlite3'
import type { TapeReader } from '../../tape.ts'
import type { SyncCommands, SyncVerb } from '../commands.ts'
import { Credentials } from './credentials.ts'
import { MissedWebhooks } from './missed-webhooks.ts'
import { type NoticeParts, NoticeWriter } from './notices.ts'
import { RecordCache } from './record-cache.ts'
import { RecordSets } from './record-sets.ts'
import { RunLog } from './run-log.ts'
import { Runs } from './runs.ts'
import { ScheduleRows } from './schedule-row.ts'
import { Schedules } from './schedules.ts'
import { SeenRecords } from './seen-records.ts'
import { Triggers } from './triggers.ts'

type Handlers = { readonly [Verb in SyncVerb]: (input: SyncCommands[Verb], tape: TapeReader) => unknown }

export class SyncWriter {
  readonly #handlers: Handlers
  readonly #sets: RecordSets
  readonly #deleteOf: (integration: string, connectionId: string) => void

  constructor(db: Database, noticeParts: NoticeParts) {
    const rows = new ScheduleRows(db)
    const sets = new RecordSets(db)
    const cache = new RecordCache(db, sets)
    const log = new RunLog(db)
    const seen = new SeenRecords(db)
    const parts = { rows, sets, cache, log, seen, notices: new NoticeWriter(db, noticeParts) }
    const schedules = new Schedules(db, rows)
    const missed = new MissedWebhooks(db)
    const runs = new Runs(db, parts)
    const triggers = new Triggers(db, { ...parts, schedules, missed })
    const credentials = new Credentials(db)
    this.#sets = sets
    this.#handlers = {
      declare: (input) => schedules.declare(input),
      claim: (input) => runs.claim(input),
      renew: (input) => runs.renew(input),
      release: (input) => runs.release(input) + triggers.release(input.now),
      request: (input) => schedules.request(input),
      set_paused: (input) => schedules.setPaused(input),
      override_every: (input) => schedules.overrideEvery(input),
      set_rate_limit: (input) => schedules.setRateLimit(input),
      start_run: (input) => runs.start(input),
      save_batch: (input, tape) => runs.saveBatch(input, tape),
      delete_missing: (input) => runs.deleteMissing(input),
      finish_run: (input, tape) => runs.finish(input, tape),
      postpone_run: (input) => runs.postpone(input),
      add_triggers: (input, tape) => triggers.add(input, tape),
      claim_triggers: (input) => triggers.claim(input),
      apply_triggers: (input, tape) => triggers.apply(input, tape),
      finish_triggers: (input, tape) => triggers.finish(input, tape),
      postpone_triggers: (input) => triggers.postpone(input),
      prune: (input) => cache.prune(input),
      replace_credentials: (input, tape) => credentials.replace(input, tape),
      suspect_missed: (input) => missed.suspect(input),
      confirm_missed: (input) => missed.confirm(input),
    }
    this.#deleteOf = (integration, connectionId) => {
      for (const runSeq of rows.runsOf(integration, connectionId)) seen.forget(runSeq)
      for (const part of [rows, log, triggers, missed]) part.deleteOf(integration, connectionId)
      sets.dropOf(integration, connectionId)
    }
  }

  /** Carries out one command within the caller's transaction. */
  execute(tape: TapeReader): unknown {
    return this.#run(tape.text() as SyncVerb, tape)
  }

  /** All that syncs know of a connection goes with it; its records are out of reach at once and deleted bit by bit. */
  deleteConnection(connectionId: string, integration: string): void {
    this.#deleteOf(integration, connectionId)
  }

  /** Whether `sweep` may have something to do. */
  get hasLeftovers(): boolean {
    return this.#sets.hasDropped
  }

  /** Deletes up to `limit` records that are nobody's any more, within the caller's transaction. */
  sweep(limit: number): void {
    this.#sets.sweep(limit)
  }

  #run<Verb extends SyncVerb>(verb: Verb, tape: TapeReader): unknown {
    return this.#handlers[verb](JSON.parse(tape.text()) as SyncCommands[Verb], tape)
  }
}
