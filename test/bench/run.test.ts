/** The bench itself, with numbers so small that it measures nothing: what is tested is that each scenario runs and its accounts agree. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { SCENARIOS } from '../../bench/scenarios/catalog.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Outcome {
  readonly exitCode: number
  readonly output: string
}

function bench(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', 'bench/run.ts', ...args]
    const child = execFile(process.execPath, command, { encoding: 'utf8' }, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, output: stdout + stderr }),
    )
  })
}

const TINY = ['--seconds', '0.1', '--rounds', '1', '--warm-up', '40', '--starts', '1', '--backlog', '200']
const FEW = ['--forwarded', '200', '--events', '300', '--connections', '30']

/** In two processes at a time: most of it is waiting for gateways to start. */
const halves = [0, 1].map((half) => SCENARIOS.filter((_, at) => at % 2 === half).map(({ name }) => name))

describe.concurrent('the bench', () => {
  for (const [half, names] of halves.entries()) {
    test(`runs and accounts for every event: ${names.join(', ')}`, { timeout: 240_000 }, async () => {
      const json = join(folder, `${half}.json`)
      const run = await bench('--only', names.join(','), ...TINY, ...FEW, '--folder', folder, '--json', json)
      expect(run.output).toContain('all accounted for')
      expect(run.exitCode).toBe(0)
      const document = JSON.parse(readFileSync(json, 'utf8')) as {
        lines: { scenario: string }[]
        failures: string[]
      }
      expect(document.failures).toEqual([])
      expect(new Set(document.lines.map(({ scenario }) => scenario))).toEqual(new Set(names))
    })
  }

  test('refuses a scenario that does not exist, and names those that do', async () => {
    const run = await bench('--only', 'acept')
    expect(run.exitCode).toBe(2)
    expect(run.output).toContain('There is no scenario "acept"')
    expect(run.output).toContain('accept')
  })

  test('refuses a number that is none', async () => {
    const run = await bench('--seconds', 'many')
    expect(run.exitCode).toBe(2)
    expect(run.output).toContain('--seconds takes a number above 0')
  })

  test('lists its scenarios in the help', async () => {
    const run = await bench('--help')
    expect(run.exitCode).toBe(0)
    for (const { name, title } of SCENARIOS) expect(run.output).toContain(`${name.padEnd(14)} ${title}`)
  })
})
