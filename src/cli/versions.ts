/** The versions that a bug report needs. */
import { readFileSync } from 'node:fs'
import { packageFile } from '../document/package-file.ts'
import { keepStatements } from '../store/sqlite/keep-statements.ts'

export interface Versions {
  readonly postern: string
  readonly node: string
  /** Null where the SQLite addon cannot be loaded, as after a change of Node's major version without a rebuild. */
  readonly sqlite: string | null
}

export async function readVersions(): Promise<Versions> {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }
  return { postern: version, node: process.versions.node, sqlite: await sqliteVersion() }
}

async function sqliteVersion(): Promise<string | null> {
  try {
    const { default: Database } = await import('better-sqlite3')
    const database = keepStatements(new Database(':memory:'))
    try {
      return database.prepare('select sqlite_version()').pluck().get() as string
    } finally {
      database.close()
    }
  } catch {
    return null
  }
}
