/**
 * The main figure once more with a load generator that is not ours, where it is installed: wrk sends the same signed body, and a script
 * gives every request a delivery id of its own.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import type { Scenario } from '../bench.ts'
import { connectAccount, REPOSITORY, SECRET, startGateway } from '../gateway.ts'
import { extentsOf, type Figures, medianFigures, ratioOf, type Target, takeTurns } from '../measurement.ts'
import { cpuBetween, readThreadTimes } from '../process-usage.ts'
import { githubBody } from '../signed-messages.ts'

const CONNECTIONS = 64

export const wrk: Scenario = {
  name: 'wrk',
  title: `1 KB signed requests from wrk, ${CONNECTIONS} connections, where it is installed`,
  async run({ options, load, floor, report }) {
    if (spawnSync('wrk', ['-v']).error !== undefined) {
      report.noted('not installed', 'left out', {})
      return
    }
    const folder = mkdtempSync(join(options.folder, 'postern-bench-wrk-'))
    const script = join(folder, 'signed.lua')
    writeFileSync(script, luaScript())
    const gateway = await startGateway({ options })
    let answered = 0
    try {
      await connectAccount(gateway, 'github')
      const onGateway = async (seconds: number): Promise<Figures> => {
        const measured = await runWrk(script, gateway, seconds)
        if (measured.wrong > 0) report.failure(`${measured.wrong} answers were no 2xx, or connections broke`)
        answered += measured.answered
        return measured
      }
      const message = { kind: 'github', bodyBytes: 1024, secret: SECRET, repositories: [REPOSITORY] } as const
      const { warmUp } = extentsOf(options)
      for (const { port } of [floor, gateway])
        await load.apply({ port, path: '/webhook/github', connections: CONNECTIONS, extent: warmUp, message })
      answered += options.warmUp
      const turns = await takeTurns(options.rounds, {
        floor: () => runWrk(script, floor, options.seconds),
        gateway: () => onGateway(options.seconds),
      })
      report.measured('floor', medianFigures(turns.floor))
      const ratio = ratioOf(turns.gateway, turns.floor)
      report.measured('gateway', medianFigures(turns.gateway), { ratio, to: 'the floor' })
      const { requests } = await gateway.stats()
      const { accepted: stored = 0, duplicate = 0 } = requests
      // wrk leaves in the middle of its last requests, which are stored and not counted by it.
      report.noted('answered, stored', `${answered}, ${stored}`, { answered, stored })
      if (stored < answered || duplicate > 0)
        report.failure(`${answered} answered, ${stored} stored, ${duplicate} duplicates`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
      await gateway.stop()
    }
  },
}

async function runWrk(
  script: string,
  target: Target,
  seconds: number,
): Promise<Figures & { answered: number; wrong: number }> {
  const before = readThreadTimes(target.pid)
  const url = `http://127.0.0.1:${target.port}/webhook/github`
  const duration = `${Math.max(1, Math.round(seconds))}s`
  const run = `${process.pid.toString(36)}${Date.now().toString(36)}`
  const child = spawn('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${duration}`, '-s', script, url, '--', run], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await once(child, 'close')
  const cpu = cpuBetween(target.pid, before, readThreadTimes(target.pid))
  const line = /^BENCH (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)$/m.exec(output)
  if (line === null) throw new Error(`wrk did not say what it measured: ${output}`)
  const [answered = 0, wrong = 0, durationUs = 1, p50Us = 0, p99Us = 0] = line.slice(1).map(Number)
  const each = (us: number): number => us / answered
  return {
    answered,
    wrong,
    perSecond: (answered * 1_000_000) / durationUs,
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    cpu: cpu === null ? null : { totalUs: each(cpu.totalUs), mainUs: each(cpu.mainUs), secondUs: each(cpu.secondUs) },
  }
}

function luaScript(): string {
  const body = githubBody(1024, REPOSITORY)
  const signature = createHmac('sha256', SECRET).update(body).digest('hex')
  return `local body = [[${body}]]
local run = ""
local number = 0
function init(args)
  run = args[1]
end
function request()
  number = number + 1
  return wrk.format("POST", nil, {
    ["content-type"] = "application/json",
    ["x-github-event"] = "push",
    ["x-hub-signature-256"] = "sha256=${signature}",
    ["x-github-delivery"] = run .. "-" .. number,
  }, body)
end
function done(summary, latency)
  local e = summary.errors
  print(string.format("BENCH %d %d %d %.1f %.1f", summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end
`
}
