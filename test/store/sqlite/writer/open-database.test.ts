import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareDatabaseFile } from '../../../../src/store/sqlite/database-file.ts'
import { openDatabase } from '../../../../src/store/sqlite/writer/open-database.ts'
import { temporaryDirectory } from '../opening.ts'

const FULL = 2
const NORMAL = 1

test('only work in the background does not wait for the disk, also after such work has failed', () => {
  const directory = temporaryDirectory()
  const path = join(directory.path, 'postern.db')
  prepareDatabaseFile(path)
  const { db, inBackground, inTransaction } = openDatabase({ path, busyTimeoutMs: 50, maxFileBytes: null, now: 0 })
  const synchronous = (): unknown => db.pragma('synchronous', { simple: true })
  const probes = (): unknown => db.prepare('SELECT count(*) FROM probe').pluck().get()
  const seen: unknown[] = []
  const before = probes()
  try {
    inTransaction(() => seen.push(synchronous()))
    inBackground(() => seen.push(synchronous()))
    inTransaction(() => seen.push(synchronous()))
    const failing = (): void => {
      db.exec('INSERT INTO probe (checked_at) VALUES (1)')
      throw new Error('the disk')
    }
    expect(() => inBackground(failing)).toThrow('the disk')
    inTransaction(() => seen.push(synchronous()))
    expect(seen).toEqual([FULL, NORMAL, FULL, FULL])
    expect(probes()).toBe(before)
  } finally {
    db.close()
    directory.remove()
  }
})
