/**
 * Only one gateway may own a database file: two would claim each other's leases at start and number the same rows. The lock is
 * an exclusive transaction on an empty database beside the file, held open for the gateway's life. The operating system drops it
 * with the process, also after kill -9; readers of the database itself are not hindered.
 */
import Database from 'better-sqlite3'
import { GatewayError } from '../../domain/errors.ts'
import { prepareDatabaseFile } from './database-file.ts'
import { failureOf, isLocked, storeError } from './failure.ts'
import { keepStatements } from './keep-statements.ts'

export interface GatewayLock {
  release(): void
}

/** Takes the lock at once or throws `store_unavailable`. */
export function acquireGatewayLock(databasePath: string): GatewayLock {
  const path = `${databasePath}.lock`
  prepareDatabaseFile(path)
  let db: Database.Database | null = null
  try {
    db = keepStatements(new Database(path, { timeout: 0 }))
    db.pragma('journal_mode = MEMORY') // nothing is ever written, so no journal file shall appear
    db.exec('BEGIN EXCLUSIVE')
    return { release: () => void db?.close() }
  } catch (error) {
    db?.close()
    if (!isLocked(error)) throw storeError(failureOf(error))
    throw new GatewayError({
      code: 'store_unavailable',
      message: `Another gateway has the database ${databasePath} open`,
      hint: 'Stop the other process, or give this one a database of its own ("storage" in postern.yaml).',
      cause: error,
    })
  }
}
