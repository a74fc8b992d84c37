/** Every statement that syncs prepare is shown to SQLite's planner: none may walk a table that grows, and none may sort. */
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { SyncRun } from '../../../../src/domain/sync.ts'
import { ReadConnection } from '../../../../src/store/sqlite/reader/read-connection.ts'
import { writeSync } from '../../../../src/store/sqlite/sync/commands.ts'
import { countRecords, listRecords } from '../../../../src/store/sqlite/sync/reader/records.ts'
import { getSyncRun, listMissedWebhooks, listSyncRuns } from '../../../../src/store/sqlite/sync/reader/runs.ts'
import {
  nextSyncDueAt,
  listSyncs,
  nextTriggerDueAt,
  readCredentials,
  syncStatus,
} from '../../../../src/store/sqlite/sync/reader/schedules.ts'
import { writePutConnection } from '../../../../src/store/sqlite/commands/connection.ts'
import { NOW } from '../../../conformance/store/given.ts'
import { givenSync, LEASE, MODEL, runId } from '../../../conformance/store/sync-given.ts'
import { startWriting, type Writing } from '../writer/writing.ts'

let writing: Writing
let statements: Set<string>

beforeAll(async () => {
  const prepare = vi.spyOn(Database.prototype, 'prepare')
  writing = startWriting()
  const place = givenSync()
  const { integration, sync } = place.key
  const declared = { sync, model: MODEL, everyMs: 60_000, startsByItself: true }
  const declare = { integration, connectionId: null, syncs: [declared], now: NOW, spreadMs: 0, after: 0, made: 0 }
  const lease = { key: place.key, fence: 1 }
  writing.run(
    writePutConnection(place.connection(), NOW),
    writeSync('declare', declare),
    writeSync('claim', { now: NOW, limit: 1, leaseUntil: NOW + LEASE }),
    writeSync('start_run', { lease, run: place.newRun(), model: MODEL, emptiesCache: true }),
  )
  await readEverything(writing.path, place)
  statements = new Set(
    prepare.mock.calls
      .map(([sql]) => sql)
      .filter((sql) => /^\s*(SELECT|UPDATE|DELETE|WITH)/i.test(sql) && /sync_|record|missed/.test(sql)),
  )
  prepare.mockRestore()
})
afterAll(() => writing.end())

async function readEverything(path: string, { key, selection }: ReturnType<typeof givenSync>): Promise<void> {
  const reader = new ReadConnection(path)
  const { integration, connectionId, sync } = key
  const page = { limit: 10, after: null }
  for (const filter of [{}, { integration }, { connectionId }, { integration, connectionId }, key, { sync }]) {
    for (const state of [undefined, 'failed', 'succeeded'] as (SyncRun['state'] | undefined)[]) {
      await listSyncRuns(reader, { ...filter, ...(state && { state }) }, page)
    }
    await listMissedWebhooks(reader, filter, page)
    await listSyncs(reader, filter, page)
  }
  getSyncRun(reader, runId())
  nextSyncDueAt(reader)
  nextTriggerDueAt(reader)
  readCredentials(reader, integration, connectionId)
  countRecords(reader, selection)
  for (const id of [connectionId, null]) await syncStatus(reader, { integration, connectionId: id, syncs: null })
  const all = { ...selection, after: null, limit: 10, modifiedAfter: null, actions: null, ids: null }
  for (const over of [{}, { actions: ['ADDED' as const] }, { ids: ['a'] }]) {
    await listRecords(reader, { ...all, ...over })
  }
  reader.close()
}

test('no statement of syncs walks a table that grows, and none sorts', () => {
  const db = new Database(writing.path, { readonly: true })
  const offences: string[] = []
  for (const sql of statements) {
    const parameters = sql.match(/\?/g)?.map(() => null) ?? []
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[]
    for (const { detail } of plan) {
      const isWalk = /^SCAN (?!json_each|CONSTANT ROW|\(subquery)/.test(detail)
      if (isWalk || detail.includes('TEMP B-TREE')) offences.push(`${detail}: ${sql.replace(/\s+/g, ' ')}`)
    }
  }
  db.close()
  expect(statements.size).toBeGreaterThan(55)
  expect(offences).toEqual([])
})

test('no statement of syncs has a bare parameter as its limit, which would compile it anew at every call', () => {
  expect([...statements].filter((sql) => /LIMIT \?(?! \+ 0)/.test(sql))).toEqual([])
})
