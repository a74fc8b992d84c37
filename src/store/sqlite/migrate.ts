/**
 * Brings a database file to the schema this program knows. Each migration runs in a transaction of its own together with the row
 * that records it (number, name, checksum), so an interrupted start goes on where it was. A file of a newer program, of another
 * program, or with an edited history is refused and left as it is.
 */
import { createHash } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import { GatewayError } from '../../domain/errors.ts'

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

interface AppliedMigration {
  number: number
  name: string
  checksum: string
}

/** Marks the file as ours in its header ("PSTN"), as `file(1)` and PRAGMA application_id show it. */
const APPLICATION_ID = 0x5053544e

/** Throws `store_unsupported` for a file that is not ours to change: of a newer version, of another program, of another history. */
export function assertOurs(db: Database, migrations: readonly Migration[]): void {
  refuseUnknownHistory(readApplied(db), migrations)
}

/** Applies what is missing, in order; answers how many were applied. Refuses like `assertOurs`, and then changes nothing. */
export function migrate(db: Database, migrations: readonly Migration[], now: number): number {
  const applied = readApplied(db)
  refuseUnknownHistory(applied, migrations)
  const missing = migrations.filter((migration) => !applied.some((row) => row.number === migration.number))
  if (applied.length === 0) createHistory(db)
  for (const migration of missing) {
    db.transaction(() => {
      db.exec(migration.sql)
      db.prepare('INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)').run(
        migration.number,
        migration.name,
        checksumOf(migration),
        now,
      )
    }).immediate()
  }
  return missing.length
}

export function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex')
}

function readApplied(db: Database): AppliedMigration[] {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
  if (tables.includes('migrations') && db.pragma('application_id', { simple: true }) === APPLICATION_ID) {
    return db.prepare<[], AppliedMigration>('SELECT number, name, checksum FROM migrations ORDER BY number').all()
  }
  if (tables.length === 0) return []
  throw new GatewayError({
    code: 'store_unsupported',
    message: `The database file holds tables of another program (${String(tables[0])}, …)`,
    hint: 'Give the gateway a file of its own: set "storage" to a path that does not exist yet.',
  })
}

function refuseUnknownHistory(applied: readonly AppliedMigration[], migrations: readonly Migration[]): void {
  for (const row of applied) {
    const known = migrations.find((migration) => migration.number === row.number)
    if (known === undefined) {
      const newest = migrations.at(-1)?.number ?? 0
      throw new GatewayError({
        code: 'store_unsupported',
        message: `The database was written by a newer gateway: it has migration ${row.number} (${row.name}), this one knows up to ${newest}`,
        hint: 'Run the newer version again, or restore the backup made before the upgrade.',
        details: { migration: row.number, newest_known: newest },
      })
    }
    if (checksumOf(known) !== row.checksum) {
      throw new GatewayError({
        code: 'store_unsupported',
        message: `Migration ${row.number} (${row.name}) of the database differs from the one of this program`,
        hint: 'Run a released version; a database of a development build cannot be taken over.',
        details: { migration: row.number },
      })
    }
  }
}

function createHistory(db: Database): void {
  db.transaction(() => {
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.exec(
      `CREATE TABLE IF NOT EXISTS migrations (
         number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
       ) STRICT`,
    )
  }).immediate()
}
