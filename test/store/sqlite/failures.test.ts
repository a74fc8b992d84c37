import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Store } from '../../../src/engine/ports.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open.ts'
import { startWriterThread, type WriterThread } from '../../../src/store/sqlite/writer-thread.ts'
import { given } from '../../conformance/store/given.ts'
import { optionsFor, query, type Reported, temporaryDirectory } from './opening.ts'

let directory: ReturnType<typeof temporaryDirectory>
let path: string
let reported: Reported[]
let store: Store | null
beforeEach(() => {
  directory = temporaryDirectory()
  path = join(directory.path, 'postern.db')
  reported = []
  store = null
})
afterEach(async () => {
  await store?.close()
  directory.remove()
})

async function open(over: Partial<SqliteStoreOptions> = {}): Promise<Store> {
  const onProblem: SqliteStoreOptions['onProblem'] = (name, facts) => void reported.push({ name, facts })
  store = await openSqliteStore(optionsFor(path, { onProblem, ...over }))
  return store
}

const names = (): string[] => reported.map(({ name }) => name)

describe('a full disk', () => {
  test('rejects what does not fit, keeps what did, and takes requests again when there is room', async () => {
    const opened = await open({ maxFileBytes: 2_000_000 })
    const { acceptance } = given()
    const body = 'x'.repeat(60_000)
    const accepted = Array.from({ length: 40 }, () => acceptance({ body }))
    const results: string[] = []
    for (const one of accepted) {
      const stored = opened.acceptRequest(one)
      results.push(
        await stored.then(
          () => 'stored',
          (error: { code: string }) => error.code,
        ),
      )
    }
    const storedCount = results.filter((result) => result === 'stored').length
    expect(storedCount).toBeGreaterThan(10)
    expect(results).toEqual([
      ...Array(storedCount).fill('stored'),
      ...Array(40 - storedCount).fill('store_unavailable'),
    ])
    for (const [at, { request }] of accepted.entries()) {
      expect((await opened.getRequest(request.id)) !== null).toBe(at < storedCount)
    }
    const full = await opened.check()
    expect(full).toEqual({ ok: false, detail: 'The disk of the database is full' })
    expect(names()).toEqual(['store.unavailable'])
    expect(reported[0]!.facts).toMatchObject({ code: 'SQLITE_FULL' })

    const shell = new Database(path)
    shell.exec('DELETE FROM requests WHERE seq <= 5')
    shell.close()
    await opened.acceptRequest(acceptance({ body }))
    expect(await opened.check()).toEqual({ ok: true })
    expect(names()).toEqual(['store.unavailable', 'store.recovered'])
  })
})

describe('a database locked by another program', () => {
  test('rejects writes after the busy timeout, goes on reading, and writes again when the lock is gone', async () => {
    const opened = await open({ busyTimeoutMs: 50 })
    const { acceptance, connection, integration, connectionId } = given()
    const before = acceptance()
    await opened.acceptRequest(before)
    await opened.putConnection(connection(), 0)

    const shell = new Database(path)
    shell.exec('BEGIN IMMEDIATE')
    const refusal = { code: 'store_unavailable', details: { sqlite_code: 'SQLITE_BUSY' } }
    const refused = acceptance()
    await expect(opened.acceptRequest(refused)).rejects.toMatchObject(refusal)
    await expect(opened.putConnection(connection(), 1)).rejects.toMatchObject(refusal)
    expect(await opened.check()).toMatchObject({ ok: false, detail: expect.stringContaining('locked') as string })
    expect(await opened.getRequest(before.request.id)).not.toBeNull()
    const query = { integration, field: 'connection_id', values: [connectionId] }
    expect(await opened.findConnections(query, 1)).toHaveLength(1)

    shell.exec('COMMIT')
    shell.close()
    const after = acceptance()
    await opened.acceptRequest(after)
    expect(await opened.getRequest(after.request.id)).not.toBeNull()
    expect(await opened.getRequest(refused.request.id)).toBeNull()
    expect(names()).toEqual(['store.unavailable', 'store.recovered'])
  })

  test('waits out a lock that is shorter than the busy timeout', async () => {
    const opened = await open({ busyTimeoutMs: 10_000 })
    const shell = new Database(path)
    shell.exec('BEGIN IMMEDIATE')
    const accepted = given().acceptance()
    const stored = opened.acceptRequest(accepted)
    setTimeout(() => {
      shell.exec('COMMIT')
      shell.close()
    }, 100)
    await stored
    expect(names()).toEqual([])
  })

  test('counts the log entries it lost meanwhile', async () => {
    const opened = await open({ busyTimeoutMs: 10 })
    const { acceptance, request } = given()
    const shell = new Database(path)
    shell.exec('BEGIN IMMEDIATE')
    for (let at = 0; at < 3; at += 1) opened.recordHandshake({ request: request(), name: 'challenge' })
    await expect(opened.acceptRequest(acceptance())).rejects.toThrow('locked')
    shell.exec('COMMIT')
    shell.close()
    await opened.close()
    expect(reported.at(-1)).toEqual({ name: 'store.log_entries_dropped', facts: { count: 3 } })
  })
})

describe('a writer that dies', () => {
  test('fails what it had in hand, is replaced, and what waits is stored by the next one', async () => {
    const threads: WriterThread[] = []
    const opened = await open({
      startThread: (options, events) => {
        const thread = startWriterThread(options, events)
        threads.push(thread)
        return thread
      },
    })
    const { acceptance } = given()
    await opened.acceptRequest(acceptance())
    for (let deaths = 1; deaths <= 2; deaths += 1) {
      const lost = opened.acceptRequest(acceptance())
      await Promise.all([
        expect(lost).rejects.toMatchObject({ code: 'store_unavailable' }),
        new Promise<void>((resolve, reject) => {
          setImmediate(() => void threads.at(-1)!.terminate().then(resolve, reject))
        }),
      ])
      const waiting = acceptance()
      await opened.acceptRequest(waiting)
      expect(await opened.getRequest(waiting.request.id)).not.toBeNull()
      expect(threads).toHaveLength(deaths + 1)
    }
    expect(names()).toEqual(['store.writer_died', 'store.writer_died'])
    await opened.close()
    expect(query(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  })

  test('does not keep the store from closing', async () => {
    let thread: WriterThread | null = null
    const opened = await open({
      startThread: (options, events) => (thread = startWriterThread(options, events)),
    })
    await thread!.terminate()
    await opened.close()
    const again = await open()
    expect(await again.check()).toEqual({ ok: true })
  })
})
