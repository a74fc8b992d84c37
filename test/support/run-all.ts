/**
 * `npm test`: types, lint, generated files, build, tests, provider specs, in this order. Every step runs even when one before it
 * failed; the last line counts checks, tests and examples together.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Count {
  passed: number
  failed: number
}

const scratch = mkdtempSync(join(tmpdir(), 'postern-test-'))
const total: Count = { passed: 0, failed: 0 }

function step(name: string, command: readonly string[], count?: (exitCode: number, stdout: string) => Count): void {
  const startedAt = Date.now()
  console.log(`\n== ${name}`)
  const run = spawnSync(command[0]!, command.slice(1), {
    stdio: ['ignore', count === undefined ? 'inherit' : 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: '1' },
  })
  const exitCode = run.status ?? 1
  const seen =
    count === undefined
      ? { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1 }
      : count(exitCode, run.stdout)
  // A tool that failed without counting a failure still failed.
  if (exitCode !== 0 && seen.failed === 0) seen.failed = 1
  total.passed += seen.passed
  total.failed += seen.failed
  console.log(
    `-- ${name}: ${seen.passed} passed, ${seen.failed} failed (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`,
  )
}

const bin = (name: string): string => join('node_modules', '.bin', name)

step('types', [bin('tsc'), '-p', 'test/tsconfig.json'])
step('lint', [bin('oxlint'), '--type-aware', 'src', 'test', 'bench'])
step('format', [bin('oxfmt'), '--check', 'src', 'test', 'bench', 'schemas'])
step('generated files', [bin('tsx'), 'schemas/generate.ts', '--check'])
step('build', [bin('tsc')])

const report = join(scratch, 'vitest.json')
step(
  'tests',
  [
    bin('vitest'),
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ],
  (_exitCode, stdout) => {
    process.stdout.write(stdout)
    try {
      const result = JSON.parse(readFileSync(report, 'utf8')) as {
        numPassedTests: number
        numFailedTests: number
        numFailedTestSuites: number
      }
      return {
        passed: result.numPassedTests,
        failed: Math.max(result.numFailedTests, result.numFailedTestSuites > 0 ? 1 : 0),
      }
    } catch {
      return { passed: 0, failed: 1 }
    }
  },
)

step('provider specs', ['node', 'dist/main.js', 'test', 'specs', '--json'], (_exitCode, stdout) => {
  try {
    const { summary } = JSON.parse(stdout) as { summary: { passed: number; failed: number } }
    if (summary.failed > 0) process.stdout.write(stdout)
    return { passed: summary.passed, failed: summary.failed }
  } catch {
    process.stdout.write(stdout)
    return { passed: 0, failed: 1 }
  }
})

rmSync(scratch, { recursive: true, force: true })
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
