import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { createMemoryIo } from './memory-io.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-new-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('writes a spec that passes lint and whose example, attacks included, passes test', async () => {
  const io = createMemoryIo({ cwd: folder })
  expect(await runCli(['new', 'acme-billing'], io)).toBe(0)
  expect(await runCli(['lint', 'my-specs'], io)).toBe(0)
  expect(await runCli(['test', 'my-specs'], io)).toBe(0)
  expect(io.stdout()).toContain('1 passed, 0 failed')
})

test('offers a sync that, its marks taken away, passes both as well', async () => {
  const io = createMemoryIo({ cwd: folder })
  await runCli(['new', 'acme'], io)
  const file = join(folder, 'my-specs/acme.yaml')
  const text = readFileSync(file, 'utf8')
  const at = text.indexOf('# syncs:')
  writeFileSync(file, text.slice(0, at) + text.slice(at).replaceAll(/^# /gm, ''))
  expect(await runCli(['lint', 'my-specs'], io)).toBe(0)
  expect(await runCli(['test', 'my-specs'], io)).toBe(0)
  expect(io.stdout()).toMatch(/0 errors, 0 warnings[\s\S]*things: one thing[\s\S]*2 passed, 0 failed/)
})

test('keeps a file that is there, unless told otherwise', async () => {
  const io = createMemoryIo({ cwd: folder })
  await runCli(['new', 'acme'], io)
  const before = readFileSync(join(folder, 'my-specs/acme.yaml'), 'utf8')
  expect(await runCli(['new', 'acme'], io)).toBe(2)
  expect(await runCli(['new', 'acme', '--force'], io)).toBe(0)
  expect(readFileSync(join(folder, 'my-specs/acme.yaml'), 'utf8')).toBe(before)
})

test('refuses a name that no file or URL should have', async () => {
  const io = createMemoryIo({ cwd: folder })
  expect(await runCli(['new', '../etc/passwd'], io)).toBe(2)
})
