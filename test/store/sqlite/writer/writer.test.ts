import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeAcceptance } from '../../../../src/store/sqlite/commands/acceptance.ts'
import { writePutConnection } from '../../../../src/store/sqlite/commands/connection.ts'
import { writeClaim, writeProbe } from '../../../../src/store/sqlite/commands/delivery.ts'
import { given, NOW } from '../../../conformance/store/given.ts'
import { query } from '../opening.ts'
import { commitsInWal } from '../write-ahead-log.ts'
import { startWriting, type Writing } from './writing.ts'

let writing: Writing
beforeEach(() => {
  writing = startWriting()
})
afterEach(() => writing.end())

function countOf(table: string): number {
  return query<{ count: number }>(writing.path, `SELECT count(*) AS count FROM ${table}`)[0]!.count
}

describe('a group', () => {
  test('of any size is one commit', () => {
    const { acceptance } = given()
    const before = commitsInWal(writing.path)
    const answer = writing.run(...Array.from({ length: 200 }, () => writeAcceptance(acceptance())))
    expect(answer.failures).toBeNull()
    expect(commitsInWal(writing.path)).toBe(before + 1)
    expect(countOf('requests')).toBe(200)
  })

  test('loses only the command that fails, and none of its rows stays', () => {
    const { acceptance } = given()
    const first = acceptance()
    const repeated = acceptance({ deliveries: [{ id: first.deliveries[0]!.id }] })
    const answer = writing.run(...[first, repeated, acceptance()].map(writeAcceptance))
    expect(answer.failures).toMatchObject([null, { kind: 'command', sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE' }, null])
    expect(['requests', 'events', 'deliveries'].map(countOf)).toEqual([2, 2, 2])
  })

  test('of many loses only the command whose rows were gathered with those of others and fail', () => {
    const { acceptance } = given()
    const stored = acceptance()
    writing.run(writeAcceptance(stored))
    const group = Array.from({ length: 40 }, () => acceptance())
    group[20] = acceptance({ deliveries: [{ id: stored.deliveries[0]!.id }] })
    const answer = writing.run(...group.map(writeAcceptance))
    expect(answer.failures?.flatMap((failure, at) => (failure === null ? [] : [at]))).toEqual([20])
    expect(['requests', 'events', 'deliveries'].map(countOf)).toEqual([40, 40, 40])
  })

  test('in which one command looks for rows of another finds them', () => {
    const { acceptance, connection, destination } = given()
    const event = { dedupeKey: 'twice' }
    const first = acceptance({ events: [event], dedupeSince: 0 })
    const inOrder = [{ ordered: true as const }]
    const identifiers = [{ field: 'connection_config.team', value: 't1' }]
    const held = acceptance({
      events: [{ match: { kind: 'unmatched', reason: 'no_connection', identifiers } }],
      deliveries: [{ held: true, connectionId: null }],
    })
    const claim = { destination, now: NOW + 1, limit: 10, leaseUntil: NOW + 2 }
    const answer = writing.run(
      writeAcceptance(first),
      writeAcceptance(acceptance({ events: [event], dedupeSince: 0 })),
      writeAcceptance(acceptance({ deliveries: inOrder })),
      writeAcceptance(acceptance({ deliveries: inOrder })),
      writeAcceptance(held),
      writePutConnection(connection({ connectionConfig: { team: 't1' } }), NOW),
      writeClaim(claim),
    )
    expect(answer.failures).toBeNull()
    expect(answer.results.slice(0, 2)).toEqual([null, [0]])
    expect(answer.results[6]).toMatchObject({ deliveries: [{}, {}, {}] }) // not the duplicate's, not the second in order
    expect(query(writing.path, `SELECT detail FROM events WHERE status = 'duplicate'`)).toEqual([
      { detail: `seen before as ${first.events[0]!.id}` },
    ])
  })

  const faults = [
    { name: 'a command of an unknown kind', command: { kind: 'nonsense' as 'probe', values: [], blobs: [] } },
    { name: 'a command with values missing', command: { kind: 'accept' as const, values: ['req_1'], blobs: [] } },
    { name: 'a value of the wrong type', command: writeProbe('soon' as unknown as number) },
  ]
  for (const { name, command } of faults) {
    test(`survives ${name}`, () => {
      const answer = writing.run(writeAcceptance(given().acceptance()), command, writeProbe(NOW))
      expect(answer.failures?.map((failure) => failure?.kind ?? 'stored')).toEqual(['stored', 'command', 'stored'])
      expect(countOf('requests')).toBe(1)
    })
  }

  test('that fails for its surroundings is not tried command by command', () => {
    writing.end()
    writing = startWriting(1_000_000)
    const { acceptance } = given()
    const body = 'x'.repeat(100_000)
    const answer = writing.run(...Array.from({ length: 20 }, () => writeAcceptance(acceptance({ body }))))
    expect(answer.failures).toHaveLength(20)
    expect(new Set(answer.failures?.map((failure) => failure?.sqliteCode))).toEqual(new Set(['SQLITE_FULL']))
    expect(countOf('requests')).toBe(0)
    expect(writing.run(writeAcceptance(acceptance())).failures).toBeNull()
  })
})

describe('the trailing indexes', () => {
  const marks = () =>
    query<{ requests: number; keys: number }>(
      writing.path,
      `SELECT (SELECT seq FROM marks WHERE name = 'request_index') AS requests,
         (SELECT seq >> 20 FROM marks WHERE name = 'dedupe_keys') AS keys`,
    )[0]!

  const accept = (count: number) => {
    const { acceptance } = given()
    const commands = Array.from({ length: count }, (_, at) => {
      return writeAcceptance(acceptance({ events: [{ dedupeKey: `key-${at}` }, { dedupeKey: null }], dedupeSince: 0 }))
    })
    expect(writing.run(...commands).failures).toBeNull()
  }

  test('are not written with the group, and catch up when it is quiet', () => {
    accept(100)
    expect([countOf('request_index'), countOf('dedupe_keys')]).toEqual([0, 0])
    writing.idle()
    expect([countOf('request_index'), countOf('dedupe_keys')]).toEqual([300, 100])
    expect(marks()).toEqual({ requests: 100, keys: 100 })
  })

  test('hold every row once after a crash at any point of a merge', () => {
    accept(3_000)
    writing.crash() // before anything was merged
    writing.writer.tick({ again: false }) // one slice of several
    expect(countOf('request_index')).toBeGreaterThan(0)
    expect(countOf('request_index')).toBeLessThan(9_000)
    writing.crash() // amid the merge
    accept(10)
    writing.idle()
    expect([countOf('request_index'), countOf('dedupe_keys')]).toEqual([9_030, 3_010])
    writing.crash() // with nothing left to do
    writing.idle()
    expect([countOf('request_index'), countOf('dedupe_keys')]).toEqual([9_030, 3_010])
  })

  test('take nothing over from a group that was rolled back', () => {
    const { acceptance } = given()
    const stored = acceptance()
    writing.run(writeAcceptance(stored))
    const rejected = acceptance({ events: [{ dedupeKey: 'key' }], request: { id: stored.request.id } })
    expect(writing.run(writeAcceptance(rejected)).failures).toHaveLength(1)
    writing.idle()
    expect([countOf('request_index'), countOf('dedupe_keys')]).toEqual([3, 0])
  })

  test('do not read old requests again at a start when none of their events has a key', () => {
    const { acceptance } = given()
    writing.run(...Array.from({ length: 50 }, () => writeAcceptance(acceptance())))
    writing.idle()
    expect(marks()).toEqual({ requests: 50, keys: 50 })
  })
})

describe('checkpoints', () => {
  test('keep the WAL from growing without end', () => {
    const { acceptance } = given()
    const body = 'x'.repeat(200_000)
    const sizes = Array.from({ length: 12 }, () => {
      writing.run(...Array.from({ length: 20 }, () => writeAcceptance(acceptance({ body }))))
      writing.writer.afterGroup()
      return query<{ log: number }>(writing.path, 'PRAGMA wal_checkpoint(NOOP)')[0]!.log
    })
    expect(Math.max(...sizes)).toBeLessThan(3_000)
    expect(countOf('requests')).toBe(240)
  })
})

test('never gives the number of a deleted request to a new one', () => {
  const { acceptance } = given()
  writing.run(writeAcceptance(acceptance()), writeAcceptance(acceptance()))
  writing.idle()
  const shell = new Database(writing.path)
  shell.exec('DELETE FROM deliveries; DELETE FROM events; DELETE FROM requests')
  shell.close()
  writing.crash()
  writing.run(writeAcceptance(acceptance()))
  writing.idle()
  expect(query(writing.path, 'SELECT seq FROM requests')).toEqual([{ seq: 3 }])
  expect(
    query(writing.path, "SELECT request_seq FROM request_index WHERE subject = '*' AND request_seq > 2"),
  ).toHaveLength(1)
})
