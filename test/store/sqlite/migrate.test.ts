import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checksumOf, migrate, type Migration } from '../../../src/store/sqlite/migrate.ts'
import { MIGRATIONS } from '../../../src/store/sqlite/migrations/index.ts'

const one: Migration = { number: 1, name: 'one', sql: 'CREATE TABLE one (a)' }
const two: Migration = { number: 2, name: 'two', sql: 'CREATE TABLE two (a); INSERT INTO two SELECT a FROM one' }
const broken: Migration = { number: 2, name: 'broken', sql: 'CREATE TABLE two (a); INSERT INTO nowhere VALUES (1)' }

let db: Database.Database
beforeEach(() => {
  db = new Database(':memory:')
})
afterEach(() => void db.close())

const tables = () => db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all()

test('applies all migrations to an empty database, in order, and records them', () => {
  expect(migrate(db, [one, two], 7)).toBe(2)
  expect(tables()).toEqual(['migrations', 'one', 'two'])
  expect(db.prepare('SELECT * FROM migrations').all()).toEqual([
    { number: 1, name: 'one', checksum: checksumOf(one), applied_at: 7 },
    { number: 2, name: 'two', checksum: checksumOf(two), applied_at: 7 },
  ])
})

test('applies only what is missing', () => {
  migrate(db, [one], 1)
  db.exec('INSERT INTO one VALUES (42)')
  expect(migrate(db, [one, two], 2)).toBe(1)
  expect(migrate(db, [one, two], 3)).toBe(0)
  expect(db.prepare('SELECT a FROM two').pluck().all()).toEqual([42])
})

test('leaves nothing of a migration that fails, keeps those before it, and goes on from there', () => {
  expect(() => migrate(db, [one, broken], 1)).toThrow('nowhere')
  expect(tables()).toEqual(['migrations', 'one'])
  expect(migrate(db, [one, two], 2)).toBe(1)
})

const histories = [
  { name: 'of a newer version', known: [one], says: /newer gateway.*migration 2 \(two\).*up to 1/ },
  { name: 'whose migration was edited', known: [one, { ...two, sql: `${two.sql} ` }], says: /Migration 2 \(two\)/ },
]
for (const { name, known, says } of histories) {
  test(`refuses a database ${name} and changes nothing`, () => {
    migrate(db, [one, two], 1)
    const before = tables()
    const refusal = expect.objectContaining({
      code: 'store_unsupported',
      message: expect.stringMatching(says) as string,
    })
    expect(() => migrate(db, known, 2)).toThrow(refusal as Error)
    expect(tables()).toEqual(before)
  })
}

test('refuses the database of another program, also one that has a table of migrations', () => {
  db.exec('CREATE TABLE migrations (number INTEGER)')
  const refusal = expect.objectContaining({ code: 'store_unsupported' }) as Error
  expect(() => migrate(db, [one], 1)).toThrow(refusal)
  expect(tables()).toEqual(['migrations'])
})

test('numbers its own migrations from 1 without gaps', () => {
  expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, at) => at + 1))
  migrate(db, MIGRATIONS, 0)
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
})
