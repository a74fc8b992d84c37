/** Opens SQLite stores in directories of their own, for tests, and leaves nothing behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { vi } from 'vitest'
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open.ts'
import type { OpenedStore, OpenOptions } from '../../conformance/store/opened-store.ts'

export interface Reported {
  name: string
  facts: Readonly<Record<string, unknown>>
}

export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'postern-store-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export function optionsFor(path: string, over: Partial<SqliteStoreOptions> = {}): SqliteStoreOptions {
  return { path, now: Date.now, maxPendingBytes: 64 * 1024 * 1024, onProblem: () => {}, ...over }
}

export async function openSqlite(options: OpenOptions = {}): Promise<OpenedStore> {
  const directory = temporaryDirectory()
  const path = join(directory.path, 'data', 'postern.db')
  const openAgain = async (): Promise<OpenedStore> => {
    const store = await openSqliteStore(optionsFor(path, options))
    return {
      store,
      settle: () => trailingIndexesToCatchUp(path),
      async reopen() {
        await store.close()
        return openAgain()
      },
      async dispose() {
        await store.close()
        directory.remove()
      },
    }
  }
  return openAgain()
}

/** Runs a query on the file from outside, as an operator with the SQLite shell would. */
export function query<Row>(path: string, sql: string, ...values: unknown[]): Row[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare(sql).all(...values) as Row[]
  } finally {
    db.close()
  }
}

export async function trailingIndexesToCatchUp(path: string): Promise<void> {
  const sql = `SELECT (SELECT max(seq) FROM requests) AS newest,
    (SELECT seq FROM marks WHERE name = 'request_index') AS requests,
    (SELECT seq >> 20 FROM marks WHERE name = 'dedupe_keys') AS keys,
    (SELECT max(seq) >> 20 FROM events) AS newestEvent`
  await vi.waitFor(
    () => {
      const [row] = query<{ newest: number; requests: number; keys: number; newestEvent: number }>(path, sql)
      if (row!.requests < row!.newest || row!.keys < row!.newestEvent) throw new Error('still behind')
    },
    { timeout: 15_000, interval: 50 },
  )
}
