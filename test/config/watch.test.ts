import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FileWatch, watchPaths } from '../../src/config/watch.ts'

let folder: string
let watching: FileWatch | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-watch-'))
})
afterEach(() => {
  watching?.close()
  watching = null
  rmSync(folder, { recursive: true })
})

function watchFor(...paths: string[]): { calls: () => number } {
  const onChange = vi.fn()
  watching = watchPaths({
    paths: paths.map((path) => join(folder, path)),
    onChange,
    onError(error) {
      throw error
    },
    debounceMs: 10,
  })
  return { calls: () => onChange.mock.calls.length }
}

const changes = [
  { name: 'a file that is written over', act: () => writeFileSync(join(folder, 'postern.yaml'), 'changed') },
  {
    name: 'a file that is replaced by renaming another over it',
    act() {
      writeFileSync(join(folder, '.postern.yaml.swp'), 'changed')
      renameSync(join(folder, '.postern.yaml.swp'), join(folder, 'postern.yaml'))
    },
  },
  { name: 'a file that is removed', act: () => rmSync(join(folder, 'postern.yaml')) },
  { name: 'a new file in a watched folder', act: () => writeFileSync(join(folder, 'specs', 'b.yaml'), 'new') },
]
for (const { name, act } of changes) {
  test(`notices ${name}`, async () => {
    writeFileSync(join(folder, 'postern.yaml'), 'first')
    mkdirSync(join(folder, 'specs'))
    const { calls } = watchFor('postern.yaml', 'specs')
    act()
    await vi.waitFor(() => expect(calls()).toBe(1))
  })
}

test('notices a file that appears', async () => {
  const { calls } = watchFor('postern.yaml')
  writeFileSync(join(folder, 'postern.yaml'), 'first')
  await vi.waitFor(() => expect(calls()).toBe(1))
})

test('notices a link that is swapped, as orchestrators do', async () => {
  for (const version of ['v1', 'v2']) {
    mkdirSync(join(folder, version))
    writeFileSync(join(folder, version, 'postern.yaml'), version)
  }
  symlinkSync('v1', join(folder, '..data'))
  symlinkSync(join('..data', 'postern.yaml'), join(folder, 'postern.yaml'))
  const { calls } = watchFor('postern.yaml')
  symlinkSync('v2', join(folder, '..new'))
  renameSync(join(folder, '..new'), join(folder, '..data'))
  await vi.waitFor(() => expect(calls()).toBe(1))
})

test('many changes at once are one call', async () => {
  const { calls } = watchFor('postern.yaml')
  for (let at = 0; at < 20; at += 1) writeFileSync(join(folder, 'postern.yaml'), `version ${at}`)
  await vi.waitFor(() => expect(calls()).toBe(1))
  watching!.check()
  expect(calls()).toBe(1)
})

test('a neighbour that changes is nobody’s business', async () => {
  writeFileSync(join(folder, 'postern.yaml'), 'first')
  const { calls } = watchFor('postern.yaml')
  writeFileSync(join(folder, 'postern.db'), 'data')
  watching!.check()
  expect(calls()).toBe(0)
})

test('looks at once when asked to', () => {
  writeFileSync(join(folder, 'postern.yaml'), 'first')
  const { calls } = watchFor('postern.yaml')
  watching!.check()
  expect(calls()).toBe(0)
  writeFileSync(join(folder, 'postern.yaml'), 'second')
  watching!.check()
  expect(calls()).toBe(1)
})

test('says nothing after it was closed', () => {
  writeFileSync(join(folder, 'postern.yaml'), 'first')
  const { calls } = watchFor('postern.yaml')
  watching!.close()
  writeFileSync(join(folder, 'postern.yaml'), 'second')
  watching!.check()
  expect(calls()).toBe(0)
})

test('a folder that does not exist is no error', () => {
  expect(watchFor('none/postern.yaml').calls()).toBe(0)
})
