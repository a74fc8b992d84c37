/**
 * The database file: who may read it, how it is opened for writing and for reading, and which SQLite may touch it. The settings
 * stand here with their reasons; nothing else in the adapter sets a pragma, but for the size of the writer's
 * cache, which follows the file's.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { GatewayError } from '../../domain/errors.ts'
import { keepStatements } from './keep-statements.ts'

export interface WriterFileOptions {
  readonly path: string
  readonly busyTimeoutMs: number
  /** Bound on the file; beyond it a write fails as on a full disk. Null leaves it to the disk. */
  readonly maxFileBytes: number | null
}

/** 1 KB requests fill pages of 8 KB better than those of 4 KB: a file 20 % smaller and 3 us less work each. */
const PAGE_BYTES = 8192
const READER_CACHE_KIB = 16 * 1024

/** How long a read may wait on the event loop. In WAL mode readers wait only while another process recovers the file. */
const READER_BUSY_TIMEOUT_MS = 50

/** A spike of the WAL gives its disk space back down to this at the next reset. */
const WAL_KEPT_BYTES = 64 * 1024 * 1024

/**
 * Creates what is missing: the directory for its owner only (0700) and the file likewise (0600); SQLite gives `-wal` and `-shm`
 * the file's mode. What exists keeps its mode. The file is only ever created here, never opened: closing any descriptor of it
 * would drop the POSIX locks that SQLite holds in this process.
 */
export function prepareDatabaseFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    throw new GatewayError({
      code: 'store_unavailable',
      message: `The database file ${path} cannot be created: ${(error as Error).message}`,
      hint: 'Check that the directory exists and belongs to the user the gateway runs as, or set "storage" to another path.',
      cause: error,
    })
  }
}

/**
 * WAL databases of SQLite before 3.51.3 could be corrupted when the WAL was reset while a checkpoint ran; 3.53 is what the
 * adapter is tested with.
 */
export function assertSqliteVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 3 || (major === 3 && minor >= 53)) return
  throw new GatewayError({
    code: 'store_unsupported',
    message: `The SQLite built into better-sqlite3 is ${version}; 3.53 or later is needed`,
    hint: 'Run "npm ci" to install the version of the lock file.',
    details: { version },
  })
}

/** Opens the one connection that writes, and changes nothing yet: the file may turn out to be somebody else's. */
export function openUntouched(options: WriterFileOptions): Database.Database {
  const db = keepStatements(new Database(options.path, { timeout: options.busyTimeoutMs, fileMustExist: true }))
  try {
    assertSqliteVersion(db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '0')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Makes the connection and, when it is new, the file ready for writing. */
export function makeReady(db: Database.Database, options: WriterFileOptions): void {
  const isNew = db.pragma('page_count', { simple: true }) === 0
  if (isNew) {
    db.pragma(`page_size = ${PAGE_BYTES}`)
    db.pragma('auto_vacuum = INCREMENTAL') // can only be chosen before the first table
  }
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma(`journal_size_limit = ${WAL_KEPT_BYTES}`)
  db.pragma('foreign_keys = OFF') // children are bound to their request by their rowid, see migration 1
  db.pragma('wal_autocheckpoint = 0') // the writer checkpoints after it has answered, see Checkpoints
  if (options.maxFileBytes !== null) {
    db.pragma(`max_page_count = ${Math.max(1, Math.floor(options.maxFileBytes / PAGE_BYTES))}`)
  }
}

/** Opens a connection that sees every commit made before each query and can change nothing. */
export function openForReading(path: string): Database.Database {
  const db = keepStatements(
    new Database(path, { readonly: true, fileMustExist: true, timeout: READER_BUSY_TIMEOUT_MS }),
  )
  db.pragma(`cache_size = ${-READER_CACHE_KIB}`)
  return db
}
