import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { migrate } from '../../../../src/store/sqlite/migrate.ts'
import { MIGRATIONS } from '../../../../src/store/sqlite/migrations/index.ts'
import { requestBlocks } from '../../../../src/store/sqlite/migrations/0006_request_blocks.ts'

let db: Database.Database
beforeEach(() => {
  db = new Database(':memory:')
  migrate(
    db,
    MIGRATIONS.filter(({ number }) => number < requestBlocks.number),
    0,
  )
})
afterEach(() => void db.close())

const upgrade = () => migrate(db, MIGRATIONS, 1)
const rowsOf = (sql: string) => db.prepare(sql).raw().all()

test('keeps every entry: those of connections by blocks, the others undivided', () => {
  const add = db.prepare("INSERT INTO request_index VALUES (?, 'accepted', ?, ?)")
  const requests = [
    [500, 1],
    [700, 32_767],
    [600, 32_768],
    [900, 200_000],
  ] as const
  for (const [at, seq] of requests)
    for (const subject of ['*', 'integration:i', 'connection:c']) add.run(subject, at, seq)
  upgrade()
  expect(rowsOf("SELECT block, received_at, request_seq FROM request_index WHERE subject = 'connection:c'")).toEqual([
    [1, 500, 1],
    [1, 700, 32_767],
    [2, 600, 32_768],
    [7, 900, 200_000],
  ])
  expect(rowsOf('SELECT * FROM request_blocks ORDER BY block')).toEqual([
    [1, 500, 700],
    [2, 600, 600],
    [7, 900, 900],
  ])
  expect(rowsOf('SELECT subject, count(*) FROM request_index WHERE block = 0 GROUP BY subject')).toEqual([
    ['*', 4],
    ['integration:i', 4],
  ])
})

test('leaves an empty database empty', () => {
  upgrade()
  expect(
    rowsOf(
      'SELECT * FROM request_index UNION ALL SELECT 1, 1, 1, * FROM (SELECT block, newest_at FROM request_blocks)',
    ),
  ).toEqual([])
})
