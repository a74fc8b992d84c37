/** One opened database with everything that works on it: statements, tentative state, commands by kind. Replaced whole on reopening. */
import type { Database } from 'better-sqlite3'
import { readAcceptance } from '../commands/acceptance.ts'
import { readChangeConnection, readPutConnection } from '../commands/connection.ts'
import { readAttempt, readClaim } from '../commands/delivery.ts'
import { readLogged } from '../commands/request.ts'
import { openForWriting } from '../database-file.ts'
import { migrate } from '../migrate.ts'
import { MIGRATIONS } from '../migrations/index.ts'
import type { GroupCommand, WriterOptions } from '../protocol.ts'
import { TapeReader } from '../tape.ts'
import { ConnectionWriter } from './connections.ts'
import { Counters } from './counters.ts'
import { DedupeIndex } from './dedupe-index.ts'
import { DeliveryQueueWriter } from './delivery-queue.ts'
import { HeldDeliveries } from './held-deliveries.ts'
import { IngestWriter } from './ingest.ts'
import { RequestIndex } from './request-index.ts'
import type { TransactionState } from './transaction-state.ts'

export interface OpenDatabase {
  readonly db: Database
  readonly requests: RequestIndex
  readonly dedupe: DedupeIndex
  /** Carries out one command within the caller's transaction; what it answers goes back to the caller of the store. */
  execute(command: GroupCommand, bytes: ArrayBuffer): unknown
  /** Runs `work` in one transaction: all of it is on disk when this returns, none of it when this throws. */
  inTransaction<T>(work: () => T): T
}

export function openDatabase(options: WriterOptions): OpenDatabase {
  const db = openForWriting(options)
  try {
    migrate(db, MIGRATIONS, options.now)
    return overDatabase(db)
  } catch (error) {
    db.close()
    throw error
  }
}

function overDatabase(db: Database): OpenDatabase {
  const counters = new Counters(db)
  const dedupe = new DedupeIndex(db)
  const requests = new RequestIndex(db)
  const states: readonly TransactionState[] = [dedupe, requests, counters]
  const held = new HeldDeliveries(db, counters)
  const ingest = new IngestWriter(db, { counters, dedupe, requests, held })
  const queue = new DeliveryQueueWriter(db, counters)
  const connections = new ConnectionWriter(db, held)
  const probe = db.prepare<[number]>('UPDATE probe SET checked_at = ?, count = count + 1')
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')

  const execute = (command: GroupCommand, bytes: ArrayBuffer): unknown => {
    const tape = new TapeReader(command.values, bytes, command.byteAt)
    switch (command.kind) {
      case 'accept':
        return ingest.accept(readAcceptance(tape))
      case 'log':
        return ingest.log(readLogged(tape))
      case 'claim':
        return queue.claim(readClaim(tape))
      case 'attempt':
        return queue.recordAttempt(readAttempt(tape))
      case 'release':
        return queue.releaseLeases(tape.number())
      case 'replay':
        return queue.replay(tape.text(), tape.number())
      case 'put_connection':
        return connections.put(readPutConnection(tape))
      case 'change_connection':
        return connections.change(readChangeConnection(tape))
      case 'delete_connection':
        return connections.delete(tape.text(), tape.text())
      case 'probe':
        return probe.run(tape.number()).changes
    }
  }

  const inTransaction = <T>(work: () => T): T => {
    begin.run()
    try {
      const result = work()
      for (const state of states) state.beforeCommit?.()
      commit.run()
      for (const state of states) state.afterCommit()
      return result
    } catch (error) {
      for (const state of states) state.afterRollback()
      rollBack(db)
      throw error
    }
  }

  return { db, requests, dedupe, execute, inTransaction }
}

/** SQLite rolls back by itself after some failures of the disk; and where it cannot, the writer drops the connection. */
function rollBack(db: Database): void {
  try {
    if (db.inTransaction) db.exec('ROLLBACK')
  } catch {
    // `db.inTransaction` stays true, by which the writer knows.
  }
}
