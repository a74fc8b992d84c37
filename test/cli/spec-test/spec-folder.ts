/** A temporary folder of specs, and a command run in it with its output in memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CliIo } from '../../../src/cli/io.ts'
import { type LintOptions, lintCommand } from '../../../src/cli/lint.ts'
import { reportError } from '../../../src/cli/report-error.ts'
import { type TestOptions, testCommand } from '../../../src/cli/test.ts'

export interface Ended {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

export interface SpecFolder {
  readonly path: string
  test(paths?: readonly string[], options?: TestOptions): Promise<Ended>
  lint(paths?: readonly string[], options?: LintOptions): Promise<Ended>
}

/** Removed when the test ends. */
export function specFolder(files: Readonly<Record<string, string>>): SpecFolder {
  const path = mkdtempSync(join(tmpdir(), 'postern-specs-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  let ticks = 0
  // Every look at the watch is a millisecond later, so that durations are the same in every run.
  const stopwatch = (): number => (ticks += 1)
  return {
    path,
    test: (paths = [], options = {}) =>
      ended(path, options.json === true, (io) => testCommand(paths, options, io, stopwatch)),
    lint: (paths = [], options = {}) => ended(path, options.json === true, (io) => lintCommand(paths, options, io)),
  }
}

async function ended(cwd: string, json: boolean, command: (io: CliIo) => Promise<number>): Promise<Ended> {
  const out: string[] = []
  const err: string[] = []
  const io: CliIo = { out: (text) => out.push(text), err: (text) => err.push(text), color: false, env: {}, cwd }
  let exitCode: number
  try {
    exitCode = await command(io)
  } catch (error) {
    exitCode = reportError(error, io, { json })
  }
  return { exitCode, out: out.join('\n'), err: err.join('\n') }
}

/** A spec that is right, with the given examples (YAML, indented by two). */
export function acme(examples: string): string {
  return `provider: acme
name: Acme
docs: https://acme.example/webhooks
confidence: docs
secrets:
  signing_secret: { where: the Acme dashboard }
verify:
  - name: v1
    scheme: hmac-sha256
    secret: signing_secret
    signature: { header: X-Acme-Signature, prefix: "sha256=" }
    signed: "{body}"
event:
  type: body.type
  dedupe: body.id
  time: { value: body.at, unit: s }
match:
  - { field: connection_config.account, equals: body.account }
forward:
  headers: [X-Acme-Topic]
examples:
${examples}`
}

export const PASSING = `  - name: an order is placed
    given:
      connections:
        - { connection_id: alice, connection_config: { account: "12345678901234567890" } }
    request:
      headers: { X-Acme-Topic: orders }
      body: '{"type":"order.placed","id":"o-1","at":1772445600,"account":12345678901234567890}'
    expect:
      answer: { status: 200, headers: { Content-Type: application/json }, json: { status: success } }
      scheme: v1
      events:
        - { type: order.placed, dedupe: o-1, time: "2026-03-02T10:00:00Z", skipped: false, connections: [alice] }
      forwarded:
        - connection: alice
          headers: { x-acme-topic: orders }
          payload: { type: order.placed, id: o-1, at: 1772445600, account: "12345678901234567890" }
          payload_text: '{"type":"order.placed","id":"o-1","at":1772445600,"account":12345678901234567890}'
`
