/** What the README shows must work: its spec passes with all attacks, its configurations are valid, its commands exist. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../src/cli/command-list.ts'
import { runCli } from '../src/cli/program.ts'
import { loadConfig } from '../src/config/load.ts'
import { createMemoryIo } from './cli/memory-io.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const YAML_BLOCKS = [...README.matchAll(/```yaml\n([\s\S]*?)```/g)].map((found) => found[1]!)

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-readme-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the spec it shows', () => {
  const [spec, ...otherSpecs] = YAML_BLOCKS.filter((block) => /^provider:/m.test(block))
  const [syncs, ...otherSyncs] = YAML_BLOCKS.filter((block) => /^syncs:/m.test(block))
  const cases = [
    { name: 'by itself', text: spec!, passed: 1 },
    { name: 'with the sync it shows', text: spec!.replace(/^examples:/m, `${syncs}examples:`), passed: 2 },
  ]
  test('is one, and so is the sync', () => expect([...otherSpecs, ...otherSyncs]).toEqual([]))
  test.each(cases)('passes lint and, attacks included, test: $name', async ({ text, passed }) => {
    const file = join(folder, 'acme-billing.yaml')
    writeFileSync(file, text)
    const io = createMemoryIo({ cwd: folder })
    expect(await runCli(['lint', file], io)).toBe(0)
    expect(await runCli(['test', file], io)).toBe(0)
    expect(io.stdout()).toMatch(new RegExp(`${passed} passed, 0 failed`))
  })
})

describe('the configurations it shows', () => {
  const configs = YAML_BLOCKS.filter((block) => /^integrations:/m.test(block))
  test('are at least two', () => expect(configs.length).toBeGreaterThanOrEqual(2))
  for (const [at, config] of configs.entries()) {
    test(`number ${at + 1} is valid`, () => {
      const path = join(folder, `postern-${at}.yaml`)
      writeFileSync(path, config)
      const env = Object.fromEntries(
        [...config.matchAll(/\$\{([A-Z_]+)\}/g)].map((found) => [found[1]!, 'a value of at least some length']),
      )
      const { findings } = loadConfig({ argument: path, env, workingDirectory: folder })
      expect(findings.filter((finding) => finding.severity === 'error')).toEqual([])
    })
  }
})

test('every command it names exists, and every command is named', () => {
  const table = README.slice(README.indexOf('## Command line'), README.indexOf('Exit codes:'))
  const named = new Set(
    [...table.matchAll(/^\| (.+?) \|/gm)].flatMap((row) =>
      [...row[1]!.matchAll(/`([a-z]+)/g)].map((found) => found[1]!),
    ),
  )
  expect([...named].sort()).toEqual(COMMANDS.map((command) => command.name).sort())
})
