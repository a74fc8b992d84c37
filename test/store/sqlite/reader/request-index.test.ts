/** Requests of one connection that stand in several blocks of the index, some of them while the clock was wrong. */
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Acceptance } from '../../../../src/engine/ports.ts'
import { writeAcceptance } from '../../../../src/store/sqlite/commands/acceptance.ts'
import { listDeliveries, listEvents, listRequests } from '../../../../src/store/sqlite/reader/log.ts'
import { ReadConnection } from '../../../../src/store/sqlite/reader/read-connection.ts'
import { REQUESTS_PER_BLOCK } from '../../../../src/store/sqlite/subject.ts'
import { given, HOUR, MINUTE, NOW } from '../../../conformance/store/given.ts'
import { query } from '../opening.ts'
import { startWriting, type Writing } from '../writer/writing.ts'

let writing: Writing
let reader: ReadConnection
beforeEach(() => {
  writing = startWriting()
  reader = new ReadConnection(writing.path)
})
afterEach(() => {
  reader.close()
  writing.end()
})

/** The next request is stored under this number. */
function continueAt(seq: number): void {
  const shell = new Database(writing.path)
  shell.prepare("UPDATE marks SET seq = ? WHERE name = 'request_index'").run(seq - 1)
  shell.close()
  writing.crash()
}

describe('the requests of a connection', () => {
  const place = given()
  let stored: { acceptance: Acceptance; seq: number }[]

  /** Five requests before and five after the end of each of three blocks; during the third the clock goes an hour wrong. */
  beforeEach(() => {
    stored = []
    for (const [nth, offset] of [0, 2 * HOUR, HOUR].entries()) {
      const first = REQUESTS_PER_BLOCK * (nth + 1) - 5
      continueAt(first)
      for (let at = 0; at < 10; at += 1) {
        const acceptance = place.acceptance({ receivedAt: NOW + offset + (at % 3) * MINUTE })
        expect(writing.run(writeAcceptance(acceptance)).failures).toBeNull()
        stored.push({ acceptance, seq: first + at })
      }
      if (nth < 2) writing.idle() // the last of them are in the tail
    }
  })

  const newestFirst = () =>
    stored
      .toSorted((a, b) => b.acceptance.request.receivedAt - a.acceptance.request.receivedAt || b.seq - a.seq)
      .map(({ acceptance }) => acceptance)

  const filters = [
    { name: 'all', filter: {}, fits: () => true },
    { name: 'since a time', filter: { since: NOW + HOUR }, fits: (at: number) => at >= NOW + HOUR },
    { name: 'until a time', filter: { until: NOW + 2 * HOUR }, fits: (at: number) => at < NOW + 2 * HOUR },
  ]
  for (const isMerged of [false, true]) {
    for (const { name, filter, fits } of filters) {
      for (const limit of [1, 7, 100]) {
        test(`are listed newest first, ${name}, ${limit} to a page, ${isMerged ? 'merged' : 'with a tail'}`, async () => {
          if (isMerged) writing.idle()
          const expected = newestFirst().filter(({ request }) => fits(request.receivedAt))
          const query = { ...filter, connectionId: place.connectionId }
          const idsOf = async (
            list: (after: string | null) => Promise<{ items: readonly { id: string }[]; nextCursor: string | null }>,
          ) => {
            const ids: string[] = []
            let after: string | null = null
            do {
              const page = await list(after)
              ids.push(...page.items.map(({ id }) => id))
              after = page.nextCursor
            } while (after !== null)
            return ids
          }
          expect(await idsOf((after) => listRequests(reader, query, { limit, after }))).toEqual(
            expected.map(({ request }) => request.id),
          )
          expect(await idsOf((after) => listEvents(reader, query, { limit, after }))).toEqual(
            expected.map(({ events }) => events[0]!.id),
          )
          expect(await idsOf((after) => listDeliveries(reader, query, { limit, after }))).toEqual(
            expected.map(({ deliveries }) => deliveries[0]!.id),
          )
        })
      }
    }
  }

  test('stand in blocks whose times are known', () => {
    writing.idle()
    const blocks = query<{ block: number; oldest_at: number; newest_at: number }>(
      writing.path,
      'SELECT * FROM request_blocks ORDER BY block',
    )
    expect(blocks.map(({ block }) => block)).toEqual([1, 2, 3, 4])
    for (const { block, oldest_at: oldest, newest_at: newest } of blocks) {
      const times = stored
        .filter(({ seq }) => Math.floor(seq / REQUESTS_PER_BLOCK) + 1 === block)
        .map(({ acceptance }) => acceptance.request.receivedAt)
      expect([oldest, newest]).toEqual([Math.min(...times), Math.max(...times)])
    }
  })

  test('leave nothing of a block when they are deleted', () => {
    writing.idle()
    const shell = new Database(writing.path)
    shell.exec("UPDATE deliveries SET state = 'delivered', due_at = NULL")
    shell.prepare("UPDATE marks SET seq = ? WHERE name = 'dedupe_keys'").run(2 ** 40)
    shell.close()
    const values = [JSON.stringify({ kind: 'accepted', before: NOW + 10 * HOUR, after: null, limit: 100 })]
    expect(writing.run({ kind: 'delete_requests', values, blobs: [] }).failures).toBeNull()
    for (const table of ['requests', 'request_index', 'request_blocks']) {
      expect(query(writing.path, `SELECT count(*) AS count FROM ${table}`)).toEqual([{ count: 0 }])
    }
  })
})
