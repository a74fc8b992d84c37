import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { assertSqliteVersion } from '../../../src/store/sqlite/database-file.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { given } from '../../conformance/store/given.ts'
import { optionsFor, query, temporaryDirectory } from './opening.ts'

let directory: ReturnType<typeof temporaryDirectory>
let path: string
beforeEach(() => {
  directory = temporaryDirectory()
  path = join(directory.path, 'data', 'postern.db')
})
afterEach(() => directory.remove())

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8)

describe('the files', () => {
  test('are for their owner only, the directory too', async () => {
    const store = await openSqliteStore(optionsFor(path))
    await store.acceptRequest(given().acceptance())
    expect(modeOf(join(directory.path, 'data'))).toBe('700')
    for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}.lock`]) expect(modeOf(file)).toBe('600')
    await store.close()
  })

  test('keep the mode their owner gave them', async () => {
    mkdirSync(join(directory.path, 'data'), { mode: 0o750 })
    writeFileSync(path, '', { mode: 0o640 })
    const store = await openSqliteStore(optionsFor(path))
    await store.close()
    expect(modeOf(path)).toBe('640')
    expect(modeOf(join(directory.path, 'data'))).toBe('750')
  })

  test('are a WAL database that gives its space back by and by, and is alone again after the close', async () => {
    const store = await openSqliteStore(optionsFor(path))
    const pragma = (name: string) => query<Record<string, unknown>>(path, `PRAGMA ${name}`)[0]![name]
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('auto_vacuum')).toBe(2)
    await store.close()
    expect(() => statSync(`${path}-wal`)).toThrow('ENOENT')
  })

  test('that cannot be created are named with the remedy', async () => {
    writeFileSync(join(directory.path, 'data'), 'not a directory')
    const refusal = {
      code: 'store_unavailable',
      message: expect.stringContaining(path),
      hint: expect.stringContaining('storage'),
    }
    await expect(openSqliteStore(optionsFor(path))).rejects.toMatchObject(refusal)
  })
})

describe('a file that is not ours', () => {
  const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

  const foreign: { name: string; make(): void; refusal: object }[] = [
    {
      name: 'is refused when a newer version wrote it',
      make: () => edit("INSERT INTO migrations VALUES (99, 'later', 'x', 0)"),
      refusal: { code: 'store_unsupported', message: expect.stringMatching(/newer gateway.*migration 99 \(later\)/) },
    },
    {
      name: 'is refused when its history differs',
      make: () => edit("UPDATE migrations SET checksum = 'x' WHERE number = 1"),
      refusal: { code: 'store_unsupported', message: expect.stringContaining('Migration 1') },
    },
    {
      name: 'is refused when another program made it',
      make: () => edit('CREATE TABLE theirs (a)', new Database(path)),
      refusal: { code: 'store_unsupported', message: expect.stringContaining('another program (theirs, …)') },
    },
    {
      name: 'is refused when it is no database',
      make: () => writeFileSync(path, 'Dear diary, '.repeat(1_000)),
      refusal: {
        code: 'store_unavailable',
        message: expect.stringContaining('damaged'),
        hint: expect.stringContaining('backup'),
      },
    },
  ]
  for (const { name, make, refusal } of foreign) {
    test(`${name}, and left as it is`, async () => {
      const store = await openSqliteStore(optionsFor(path))
      await store.close()
      if (name.includes('another program') || name.includes('no database')) {
        directory.remove()
        mkdirSync(join(directory.path, 'data'), { recursive: true })
      }
      make()
      const before = hashOf(path)
      await expect(openSqliteStore(optionsFor(path))).rejects.toMatchObject(refusal)
      await expect(openSqliteStore(optionsFor(path))).rejects.toMatchObject(refusal)
      expect(hashOf(path)).toBe(before)
    })
  }

  function edit(sql: string, db = new Database(path)): void {
    db.exec(sql)
    db.close()
  }
})

describe('SQLite itself', () => {
  const versions = [
    { version: '3.53.0', isSupported: true },
    { version: '3.60.1', isSupported: true },
    { version: '4.0.0', isSupported: true },
    { version: '3.52.9', isSupported: false },
    { version: '3.9.1', isSupported: false },
    { version: '2.99.0', isSupported: false },
    { version: '', isSupported: false },
  ]
  for (const { version, isSupported } of versions) {
    test(`${isSupported ? 'is taken' : 'is refused'} as version "${version}"`, () => {
      if (isSupported) return assertSqliteVersion(version)
      expect(() => assertSqliteVersion(version)).toThrow(expect.objectContaining({ code: 'store_unsupported' }))
    })
  }
})

describe('a second gateway on the same file', () => {
  const refusal = {
    code: 'store_unavailable',
    message: expect.stringContaining('Another gateway'),
    hint: expect.stringContaining('Stop the other process'),
  }

  test('is refused, again and again, while the first works on; and taken when the first has closed', async () => {
    const first = await openSqliteStore(optionsFor(path))
    await expect(openSqliteStore(optionsFor(path))).rejects.toMatchObject(refusal)
    await expect(openSqliteStore(optionsFor(path))).rejects.toMatchObject(refusal)
    expect(await first.check()).toEqual({ ok: true })
    await first.close()
    const second = await openSqliteStore(optionsFor(path))
    expect(await second.check()).toEqual({ ok: true })
    await second.close()
  })

  test('is refused from another process, until that process is killed', async () => {
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      fileURLToPath(new URL('accepting-child.ts', import.meta.url)),
      path,
    ])
    const exited = once(child, 'exit')
    await once(child.stdout, 'data')
    await expect(openSqliteStore(optionsFor(path))).rejects.toMatchObject(refusal)
    child.kill('SIGKILL')
    await exited
    const store = await openSqliteStore(optionsFor(path))
    await store.close()
  })
})
