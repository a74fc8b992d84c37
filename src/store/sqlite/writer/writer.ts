/**
 * The one writer of the database: commits groups of commands, one transaction each, and keeps the trailing indexes close behind.
 *
 * - All of a group is on disk before its answer goes out, or its failures say so.
 * - A command that fails for a reason of its own costs the others nothing: the group is rolled back and run again one by one.
 * - When the surroundings fail, every command of the group fails with them. Nothing is kept of the failure but, where the
 *   connection may have suffered, that it has to be opened anew; so the next group succeeds as soon as the cause is gone.
 */
import { type Failure, failureOf, spoilsConnection } from '../failure.ts'
import type { GroupAnswer, GroupCommand, WriterOptions } from '../protocol.ts'
import { Checkpoints } from './checkpoints.ts'
import { type OpenDatabase, openDatabase } from './open-database.ts'
import { PageCache } from './page-cache.ts'

/** Rows of an index merged in one transaction between groups: 1 to 2 ms on the reference machine, for which the next group waits. */
const SLICE_ROWS = 400
/** Records swept in one transaction between groups. */
const SWEEP_RECORDS = 2_000

/**
 * Requests to gather under load before they are merged: the rows of their connections dirty some two hundred pages, be they few or
 * many. Whoever reads the log goes through the rows that wait, 2 ms for each thousand.
 */
const REQUEST_ENTRIES = 4_000
const REQUEST_TICKS = 8

/**
 * Keys to gather under load before the dedupe index is merged. With a million keys it has some 4,000 pages, and any few thousand keys
 * dirty them all; so 65,536 keys (10 MB of memory) cost a quarter of the writing that 16,384 do. Few keys, which dirty few pages, wait
 * for 5 s, many for 30 s: retention deletes nothing whose keys still wait.
 */
const DEDUPE_ENTRIES = 65_536
const DEDUPE_TICKS = 120
const DEDUPE_FEW = { entries: 2_000, ticks: 20 }

interface Opened extends OpenDatabase {
  readonly checkpoints: Checkpoints
  readonly cache: PageCache
}

export class Writer {
  readonly #options: WriterOptions
  #opened: Opened | null = null
  #groupsSinceTick = 0
  #isIdle = false
  #ticksSinceRequests = 0
  #ticksSinceDedupe = 0

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Opens and migrates the database; throws when it cannot be used. */
  open(): void {
    if (this.#opened !== null) return
    const opened = openDatabase(this.#options)
    this.#opened = { ...opened, checkpoints: new Checkpoints(opened.db), cache: new PageCache(opened.db) }
  }

  runGroup(commands: readonly GroupCommand[], bytes: ArrayBuffer): GroupAnswer {
    this.#groupsSinceTick += 1
    try {
      this.open()
      return { type: 'answer', results: this.#commit(commands, bytes), failures: null }
    } catch (error) {
      const failure = this.#noted(error)
      if (failure.kind === 'surroundings' || commands.length === 1) return allFailed(commands.length, failure)
      return this.#runSingly(commands, bytes)
    }
  }

  /** To be called after the answer of a group is on its way. */
  afterGroup(): void {
    this.#opened?.checkpoints.afterGroup()
  }

  /** Called four times a second. True when more is left to merge and `tick` should be called again soon. */
  tick({ again }: { again: boolean }): boolean {
    const opened = this.#opened
    if (opened === null) return false
    if (!again) {
      this.#isIdle = this.#groupsSinceTick === 0
      this.#groupsSinceTick = 0
      this.#beginMerges(opened)
      opened.cache.fit()
    }
    const { requests, dedupe, syncs } = opened
    const index = requests.isMerging ? requests : dedupe.isMerging ? dedupe : null
    if (index === null && syncs.hasLeftovers) return this.#sweepSyncs(opened)
    if (index === null) {
      if (this.#isIdle) opened.checkpoints.whenIdle()
      return false
    }
    try {
      opened.inBackground(() => index.mergeSlice(SLICE_ROWS))
      index.sliceCommitted()
      opened.checkpoints.afterGroup()
      return requests.isMerging || dedupe.isMerging
    } catch (error) {
      this.#noted(error) // the tail stays in memory and the next tick tries again
      return false
    }
  }

  /** Records that are nobody's any more go slice by slice, when no index has to be merged. True while more may be left. */
  #sweepSyncs({ syncs, inTransaction, checkpoints }: Opened): boolean {
    try {
      inTransaction(() => syncs.sweep(SWEEP_RECORDS))
      checkpoints.afterGroup()
      return syncs.hasLeftovers
    } catch (error) {
      this.#noted(error) // they stay and the next tick tries again
      return false
    }
  }

  close(): void {
    const opened = this.#opened
    this.#opened = null
    opened?.db.close()
  }

  #commit(commands: readonly GroupCommand[], bytes: ArrayBuffer): readonly unknown[] {
    const opened = this.#opened!
    return opened.inTransaction(() => commands.map((command) => opened.execute(command, bytes)))
  }

  #runSingly(commands: readonly GroupCommand[], bytes: ArrayBuffer): GroupAnswer {
    const answers = commands.map((command) => this.runGroup([command], bytes))
    return {
      type: 'answer',
      results: answers.map((answer) => answer.results[0]),
      failures: answers.map((answer) => answer.failures?.[0] ?? null),
    }
  }

  #beginMerges({ requests, dedupe }: Opened): void {
    this.#ticksSinceRequests += 1
    if (this.#isIdle || requests.recentCount >= REQUEST_ENTRIES || this.#ticksSinceRequests >= REQUEST_TICKS) {
      this.#ticksSinceRequests = 0
      requests.beginMerge()
    }
    this.#ticksSinceDedupe += 1
    const { recentCount } = dedupe
    const ticks = recentCount <= DEDUPE_FEW.entries ? DEDUPE_FEW.ticks : DEDUPE_TICKS
    if (!this.#isIdle && recentCount < DEDUPE_ENTRIES && this.#ticksSinceDedupe < ticks) return
    this.#ticksSinceDedupe = 0
    dedupe.beginMerge()
  }

  #noted(error: unknown): Failure {
    const failure = failureOf(error)
    if (spoilsConnection(failure) || this.#opened?.db.inTransaction === true) {
      try {
        this.close()
      } catch {
        // A connection that cannot even be closed is let go; the next group opens another.
      }
    }
    return failure
  }
}

function allFailed(count: number, failure: Failure): GroupAnswer {
  return { type: 'answer', results: Array(count).fill(undefined), failures: Array(count).fill(failure) }
}
