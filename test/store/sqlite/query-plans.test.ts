/**
 * Every statement the adapter prepares, while all verbs of the store are used, is shown to SQLite's planner: none may walk a table that
 * grows, and none may sort more than it returns.
 */
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { DeliveryState } from '../../../src/domain/delivery.ts'
import type { LoggedEvent, RequestOutcome } from '../../../src/engine/ports.ts'
import { writeAcceptance } from '../../../src/store/sqlite/commands/acceptance.ts'
import { writePutConnection } from '../../../src/store/sqlite/commands/connection.ts'
import {
  findConnections,
  getConnection,
  listConnections,
} from '../../../src/store/sqlite/reader/connection-directory.ts'
import {
  getDelivery,
  getEvent,
  getRequest,
  listDeliveries,
  listEvents,
  listRequests,
  stats,
} from '../../../src/store/sqlite/reader/log.ts'
import { nextDueTimes } from '../../../src/store/sqlite/reader/queue.ts'
import { ReadConnection } from '../../../src/store/sqlite/reader/read-connection.ts'
import { given, NOW, unknownIds } from '../../conformance/store/given.ts'
import { startWriting, type Writing } from './writer/writing.ts'

/** Tables with a handful of rows, whatever is stored. */
const SMALL =
  /^SCAN (counters|replays|request_blocks|marks|probe|migrations|sqlite_schema|CONSTANT ROW|destinations|json_each|c VIRTUAL TABLE|\(subquery)/

/** Sorts the connections of one id: one for each integration. */
const SMALL_SORT = /FROM connections WHERE seq < \? AND connection_id = \? ORDER BY/

let writing: Writing
let statements: Set<string>

beforeAll(async () => {
  const prepare = vi.spyOn(Database.prototype, 'prepare')
  writing = startWriting()
  const place = given()
  writing.run(writeAcceptance(place.acceptance({ dedupeSince: 0 })), writePutConnection(place.connection(), NOW))
  await readEverything(writing.path)
  statements = new Set(
    prepare.mock.calls.map(([sql]) => sql).filter((sql) => /^\s*(SELECT|UPDATE|DELETE|WITH)/i.test(sql)),
  )
  prepare.mockRestore()
})
afterAll(() => writing.end())

async function readEverything(path: string): Promise<void> {
  const reader = new ReadConnection(path)
  const { integration, connectionId, destination } = given()
  const page = { limit: 10, after: null }
  const { request, event, delivery } = unknownIds()
  const places = [{}, { integration }, { connectionId }, { connectionId, integration, since: 1, until: 2 }]
  for (const filter of places) {
    for (const outcome of [undefined, 'refused' as RequestOutcome]) {
      await listRequests(reader, { ...filter, ...(outcome && { outcome }) }, page)
    }
    for (const status of [undefined, 'matched', 'unmatched'] as (LoggedEvent['status'] | undefined)[]) {
      await listEvents(reader, { ...filter, ...(status && { status }) }, page)
      await listEvents(reader, { ...filter, ...(status && { status }), type: 'x' }, page)
    }
    for (const state of [undefined, 'delivered', 'dead'] as (DeliveryState | undefined)[]) {
      await listDeliveries(reader, { ...filter, ...(state && { state }) }, page)
      await listDeliveries(reader, { ...filter, ...(state && { state }), destination }, page)
    }
    await listConnections(reader, filter, page)
  }
  await listDeliveries(reader, { requestId: request }, page)
  findConnections(reader, { integration, field: 'connection_id', values: ['a'] }, 10)
  getConnection(reader, integration, connectionId)
  getRequest(reader, request)
  getEvent(reader, event)
  getDelivery(reader, delivery)
  stats(reader)
  nextDueTimes(reader)
  reader.close()
}

test('no statement walks a table that grows, and none sorts', () => {
  const db = new Database(writing.path, { readonly: true })
  const offences: string[] = []
  for (const sql of statements) {
    const parameters = sql.match(/\?/g)?.map(() => null) ?? []
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[]
    for (const { detail } of plan) {
      const isWalk = detail.startsWith('SCAN') && !SMALL.test(detail)
      const isSort = detail.includes('TEMP B-TREE') && !SMALL_SORT.test(sql)
      if (isWalk || isSort) offences.push(`${detail}: ${sql.replace(/\s+/g, ' ')}`)
    }
  }
  db.close()
  expect(statements.size).toBeGreaterThan(30)
  expect(offences).toEqual([])
})

test('no statement has a bare parameter as its limit, which would compile it anew at every call', () => {
  expect([...statements].filter((sql) => /LIMIT \?(?! \+ 0)/.test(sql))).toEqual([])
})
