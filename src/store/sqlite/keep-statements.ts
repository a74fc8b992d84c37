/**
 * Keeps every statement for as long as the process lives. better-sqlite3 12 gives a collected statement's clean-up hook back to the
 * environment of the current context, and Node 24 has none while it collects: the process aborts (`RemoveEnvironmentCleanupHook:
 * Assertion failed: (env) != nullptr`; seen with 12.9.0 and 12.11.1 on Node 24.21, not on Node 20). We prepare a fixed set of
 * statements, so nothing grows. This file can go when the driver no longer does that.
 */
import type { Database, Statement } from 'better-sqlite3'

const kept: unknown[] = []

/** The same database, whose statements are never collected; `pragma` prepares each text once. */
export function keepStatements(db: Database): Database {
  kept.push(db)
  const prepare = db.prepare.bind(db) as (sql: string) => Statement
  const pragmas = new Map<string, Statement>()

  const prepareKept = (sql: string): Statement => {
    const statement = prepare(sql)
    kept.push(statement)
    return statement
  }

  const pragma = (source: string, options?: { simple?: boolean }): unknown => {
    const isSimple = options?.simple === true
    const key = `${isSimple ? 'simple ' : ''}${source}`
    let statement = pragmas.get(key)
    if (statement === undefined) {
      statement = prepareKept(`PRAGMA ${source}`)
      if (isSimple && statement.reader) statement.pluck()
      pragmas.set(key, statement)
    }
    if (!statement.reader) return statement.run() && []
    return isSimple ? statement.get() : statement.all()
  }

  return Object.assign(db, { prepare: prepareKept, pragma })
}
