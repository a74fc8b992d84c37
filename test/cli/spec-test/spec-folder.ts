/** A temporary folder of specs, and a command run in it with its output in memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CliIo } from '../../../src/cli/io.ts'
import { type LintOptions, lintCommand } from '../../../src/cli/lint.ts'
import type { Signals } from '../../../src/cli/signals.ts'
import { reportError } from '../../../src/cli/report-error.ts'
import { type TestOptions, testCommand } from '../../../src/cli/test.ts'

export interface Ended {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** What a command is given beside its paths and options. */
export interface Around {
  readonly env?: CliIo['env']
  readonly color?: boolean
  readonly signals?: Signals
  /** Told each piece of the result as it is printed. */
  readonly onOutput?: (text: string) => void
}

export interface SpecFolder {
  readonly path: string
  test(paths?: readonly string[], options?: TestOptions, around?: Around): Promise<Ended>
  lint(paths?: readonly string[], options?: LintOptions, around?: Around): Promise<Ended>
  write(files: Readonly<Record<string, string>>): void
}

/** Removed when the test ends. */
export function specFolder(files: Readonly<Record<string, string>>): SpecFolder {
  const path = mkdtempSync(join(tmpdir(), 'postern-specs-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const write: SpecFolder['write'] = (texts) => {
    for (const [name, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(path, name)), { recursive: true })
      writeFileSync(join(path, name), text)
    }
  }
  write(files)
  let ticks = 0
  // Every look at the watch is a millisecond later, so that durations are the same in every run.
  const stopwatch = (): number => (ticks += 1)
  return {
    path,
    write,
    test: (paths = [], options = {}, around = {}) =>
      ended(path, options.json === true, around, (io) =>
        testCommand(paths, options, io, { stopwatch, ...(around.signals && { signals: around.signals }) }),
      ),
    lint: (paths = [], options = {}, around = {}) =>
      ended(path, options.json === true, around, (io) => lintCommand(paths, options, io)),
  }
}

async function ended(
  cwd: string,
  json: boolean,
  { env = {}, color = false, onOutput = () => {} }: Around,
  command: (io: CliIo) => Promise<number>,
): Promise<Ended> {
  const out: string[] = []
  const err: string[] = []
  const io: CliIo = {
    out(text) {
      out.push(text)
      onOutput(text)
    },
    err: (text) => err.push(text),
    color,
    env,
    cwd,
  }
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
    does_not_cover: [time, headers]
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
