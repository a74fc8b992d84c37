/** One opened database with everything that works on it: statements, tentative state, commands by kind. Replaced whole on reopening. */
import type { Database } from 'better-sqlite3'
import { readAcceptance } from '../commands/acceptance.ts'
import { readChangeConnection, readPutConnection } from '../commands/connection.ts'
import { readAttempt, readClaim } from '../commands/delivery.ts'
import { readLogged } from '../commands/request.ts'
import { readSecretCommand } from '../commands/secret.ts'
import { readUpkeep } from '../commands/upkeep.ts'
import { makeReady, openUntouched } from '../database-file.ts'
import { assertOurs, migrate } from '../migrate.ts'
import { MIGRATIONS } from '../migrations/index.ts'
import type { GroupCommand, WriterOptions } from '../protocol.ts'
import { SyncWriter } from '../sync/writer/sync-writer.ts'
import { TapeReader } from '../tape.ts'
import { ConnectionOrder } from './connection-order.ts'
import { ConnectionWriter } from './connections.ts'
import { Counters } from './counters.ts'
import { DedupeIndex } from './dedupe-index.ts'
import { DeliveryQueueWriter } from './delivery-queue.ts'
import { DestinationPauses } from './destination-pauses.ts'
import { HeldDeliveries } from './held-deliveries.ts'
import { IngestWriter } from './ingest.ts'
import { Probe } from './probe.ts'
import { ReplayWriter } from './replays.ts'
import { RequestIndex } from './request-index.ts'
import { Retention } from './retention.ts'
import { SecretWriter } from './secrets.ts'
import type { TransactionState } from './transaction-state.ts'

export interface OpenDatabase {
  readonly db: Database
  readonly requests: RequestIndex
  readonly dedupe: DedupeIndex
  readonly syncs: SyncWriter
  /** Carries out one command within the caller's transaction; what it answers goes back to the caller of the store. */
  execute(command: GroupCommand, bytes: ArrayBuffer): unknown
  /** Runs `work` in one transaction: all of it is on disk when this returns, none of it when this throws. */
  inTransaction<T>(work: () => T): T
  /**
   * The same for work that can be done again from what is on disk, without waiting for the disk: it is there with the next transaction
   * that is, or with none of those after it.
   */
  inBackground(work: () => void): void
}

export function openDatabase(options: WriterOptions): OpenDatabase {
  const db = openUntouched(options)
  try {
    assertOurs(db, MIGRATIONS)
    makeReady(db, options)
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
  const order = new ConnectionOrder(db)
  const held = new HeldDeliveries(db, counters, order)
  const ingest = new IngestWriter(db, { counters, dedupe, requests, held, order })
  const states: readonly TransactionState[] = [ingest, dedupe, requests, counters]
  const queue = new DeliveryQueueWriter(db, counters, order)
  const pauses = new DestinationPauses(db)
  const replays = new ReplayWriter(db, queue)
  const retention = new Retention(db, counters)
  const secrets = new SecretWriter(db)
  const connections = new ConnectionWriter(db, held)
  const syncs = new SyncWriter(db, { counters, dedupe, requests, numbers: ingest })
  const probe = new Probe(db)
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')

  const execute = (command: GroupCommand, bytes: ArrayBuffer): unknown => {
    const tape = new TapeReader(command.values, bytes, command.byteAt)
    if (command.kind !== 'accept' && command.kind !== 'log') ingest.flush()
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
      case 'shift':
        return queue.shiftDueTimes(tape.number(), tape.number())
      case 'replay':
        return queue.replay(tape.text(), tape.number())
      case 'return': {
        const now = tape.number()
        return queue.returnDeliveries(now, tape.take(tape.number()))
      }
      case 'cancel':
        return queue.cancel(tape.text(), tape.text().split(','), tape.number())
      case 'keep_order':
        return order.keepOnly(new Set(JSON.parse(tape.text()) as string[]), tape.number())
      case 'pause': {
        const { destination, now, reason } = readUpkeep(command.kind, tape)
        return pauses.pause(destination, now, reason)
      }
      case 'resume':
        return pauses.resume(readUpkeep(command.kind, tape))
      case 'put_replay':
        return replays.put(readUpkeep(command.kind, tape))
      case 'replay_batch':
        return replays.batch(readUpkeep(command.kind, tape))
      case 'delete_requests':
        return retention.deleteRequests(readUpkeep(command.kind, tape))
      case 'delete_attempts':
        return retention.deleteAttempts(readUpkeep(command.kind, tape))
      case 'expire_held':
        return retention.expireHeld(readUpkeep(command.kind, tape))
      case 'shrink':
        return retention.shrink(readUpkeep(command.kind, tape).pages)
      case 'put_connection':
        return connections.put(readPutConnection(tape))
      case 'change_connection':
        return connections.change(readChangeConnection(tape))
      case 'delete_connection': {
        const connectionId = tape.text()
        const integration = tape.text()
        secrets.deleteOfConnection(connectionId, integration)
        syncs.deleteConnection(connectionId, integration)
        return connections.delete(connectionId, integration)
      }
      case 'secret':
        return secrets.execute(readSecretCommand(tape))
      case 'sync':
        return syncs.execute(tape)
      case 'probe':
        return probe.write(tape.number())
      default:
        throw new TypeError(`no such command: ${String(command.kind satisfies never)}`)
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

  const inBackground = (work: () => void): void => {
    db.exec('PRAGMA synchronous = NORMAL')
    try {
      inTransaction(work)
    } finally {
      db.exec('PRAGMA synchronous = FULL')
    }
  }

  return { db, requests, dedupe, syncs, execute, inTransaction, inBackground }
}

/** SQLite rolls back by itself after some failures of the disk; and where it cannot, the writer drops the connection. */
function rollBack(db: Database): void {
  try {
    if (db.inTransaction) db.exec('ROLLBACK')
  } catch {
    // `db.inTransaction` stays true, by which the writer knows.
  }
}
