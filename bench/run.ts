/**
 * `npm run bench`: the floor and the gateway under the same load, one after the other in one run, on one machine. Absolute numbers
 * belong to that machine; the ratios are what to compare. `--seconds N` per scenario (default 6), `--only NAME`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { LoadOrder, LoadReport } from './load.ts'

const seconds = Number(option('--seconds') ?? 6)
const only = option('--only')
const SECRET = 'bench-secret'
const API_KEY = 'bench-api-key-0123456789'
const TSX = ['--import', 'tsx']

interface Running {
  process: ChildProcess
  port: number
}

console.log(
  `machine   ${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
)
console.log(`node      ${process.version}`)
console.log(`sqlite    ${sqliteVersion()}, WAL, synchronous=FULL`)
console.log(
  `load      own process on the same cores, 1 KB signed bodies unless said otherwise, ${seconds} s a scenario\n`,
)

const floorRates: Record<number, number> = {}
for (const connections of [8, 64]) {
  if (!wanted('accept')) break
  const floor = await start([...TSX, 'bench/floor.ts'], { BENCH_SECRET: SECRET })
  await load({ port: floor.port, path: '/webhook/github', connections, seconds: 1, bodyBytes: 1024, secret: SECRET })
  const floorReport = await load({
    port: floor.port,
    path: '/webhook/github',
    connections,
    seconds,
    bodyBytes: 1024,
    secret: SECRET,
  })
  await stop(floor)
  floorRates[connections] = floorReport.perSecond
  line(`floor, ${connections} connections`, floorReport)

  const gateway = await startGateway({ forwardPort: null })
  await load({ port: gateway.port, path: '/webhook/github', connections, seconds: 1, bodyBytes: 1024, secret: SECRET })
  const report = await load({
    port: gateway.port,
    path: '/webhook/github',
    connections,
    seconds,
    bodyBytes: 1024,
    secret: SECRET,
  })
  line(`accepted and fsynced, ${connections} connections`, report, floorReport.perSecond)
  if (connections === 64) {
    const refused = await load({
      port: gateway.port,
      path: '/webhook/github',
      connections,
      seconds,
      bodyBytes: 1024,
      secret: SECRET,
      badSignature: true,
    })
    line(`refused, ${connections} connections`, refused, floorReport.perSecond)
    const half = await load({
      port: gateway.port,
      path: '/webhook/github',
      connections: 16,
      seconds,
      rate: report.perSecond / 2,
      bodyBytes: 1024,
      secret: SECRET,
    })
    line('accepted at half of the maximum rate', half)
  }
  console.log(`  ${'peak memory of the gateway'.padEnd(46)}${peakMemory(gateway)} MB`)
  await account(gateway)
  await stop(gateway)
}

if (wanted('forward')) {
  const total = 20_000
  const floorReceiver = await start([...TSX, 'bench/receiver.ts'], {})
  const floor = await start([...TSX, 'bench/floor.ts'], {
    BENCH_SECRET: SECRET,
    FORWARD_PORT: String(floorReceiver.port),
  })
  await load({ port: floor.port, path: '/', connections: 16, total: 2_000, bodyBytes: 1024, secret: SECRET })
  const floorStart = Date.now()
  await load({ port: floor.port, path: '/', connections: 16, total, bodyBytes: 1024, secret: SECRET })
  const floorStats = await waitForReceived(floorReceiver.port, total + 2_000)
  const floorRate = Math.round((total * 1000) / (floorStats.lastAt - floorStart))
  console.log(`${'floor: verified and forwarded from memory'.padEnd(48)}${String(floorRate).padStart(7)} /s`)
  await stop(floor)
  await stop(floorReceiver)

  const receiver = await start([...TSX, 'bench/receiver.ts'], {})
  const gateway = await startGateway({ forwardPort: receiver.port })
  await load({
    port: gateway.port,
    path: '/webhook/github',
    connections: 16,
    total: 2_000,
    bodyBytes: 1024,
    secret: SECRET,
  })
  await waitForReceived(receiver.port, 2_000)
  const startedAt = Date.now()
  const report = await load({
    port: gateway.port,
    path: '/webhook/github',
    connections: 16,
    total,
    bodyBytes: 1024,
    secret: SECRET,
  })
  const stats = await waitForReceived(receiver.port, total + 2_000)
  const rate = Math.round((total * 1000) / (stats.lastAt - startedAt))
  line('accepted while forwarding, 16 connections', report)
  console.log(
    `${'forwarded end to end'.padEnd(48)}${String(rate).padStart(7)} /s   ${(rate / floorRate).toFixed(2)} of the floor that forwards from memory`,
  )
  console.log(`  ${'received, of them different'.padEnd(46)}${stats.received}, ${stats.unique} (sent ${total + 2_000})`)
  console.log(`  ${'peak memory of the gateway'.padEnd(46)}${peakMemory(gateway)} MB`)
  await account(gateway)
  await stop(gateway)
  await stop(receiver)
}

async function startGateway(input: { forwardPort: number | null }): Promise<Running & { folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'))
  const destinations =
    input.forwardPort === null
      ? ''
      : `destinations:\n  app: { url: "http://127.0.0.1:${input.forwardPort}/webhooks", concurrency: 16 }\n`
  writeFileSync(
    join(folder, 'postern.yaml'),
    `server: { port: 0 }
storage: sqlite:${folder}/data/postern.db
api: { keys: [${API_KEY}] }
log: { level: error }
outbound: { allow_private: [127.0.0.0/8] }
${destinations}integrations:
  github:
    provider: github
    secrets: { webhook_secret: [${SECRET}] }
    forward: [${input.forwardPort === null ? '' : 'app'}]
`,
  )
  const running = await start(['dist/main.js', 'serve', '--config', join(folder, 'postern.yaml')], {
    NODE_ENV: 'production',
  })
  const answer = await fetch(`http://127.0.0.1:${running.port}/connections`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      connection_id: 'acme',
      provider_config_key: 'github',
      connection_config: { repository_id: 778812 },
    }),
  })
  if (!answer.ok) throw new Error(`the bench's connection was not created: ${answer.status} ${await answer.text()}`)
  return { ...running, folder }
}

/** Every accepted event must be delivered, pending or dead: nothing lost, nothing unaccounted for. */
async function account(gateway: Running): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/api/v1/stats`, {
    headers: { authorization: `Bearer ${API_KEY}` },
  })
  console.log(`  ${'in the store'.padEnd(46)}${await answer.text()}\n`)
}

async function waitForReceived(
  port: number,
  count: number,
): Promise<{ received: number; unique: number; lastAt: number }> {
  for (;;) {
    const stats = (await (await fetch(`http://127.0.0.1:${port}/stats`)).json()) as {
      received: number
      unique: number
      lastAt: number
    }
    if (stats.unique >= count || Date.now() - stats.lastAt > 15_000) return stats
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function start(args: readonly string[], env: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, [...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-4_000)))
  const port = await new Promise<number>((resolve, reject) => {
    let seen = ''
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      const found = /"port":(\d+)/.exec(seen) ?? /127\.0\.0\.1:(\d+)/.exec(seen)
      if (found !== null) resolve(Number(found[1]))
    })
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${seen}${complaints}`)))
  })
  return { process: child, port }
}

async function stop(running: Running & { folder?: string }): Promise<void> {
  const ended = new Promise((resolve) => running.process.once('exit', resolve))
  running.process.kill('SIGTERM')
  await ended
  if (running.folder !== undefined) rmSync(running.folder, { recursive: true, force: true })
}

async function load(order: LoadOrder): Promise<LoadReport> {
  const child = spawn(process.execPath, [...TSX, 'bench/load.ts', JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await new Promise((resolve) => child.once('exit', resolve))
  return JSON.parse(text) as LoadReport
}

function line(name: string, report: LoadReport, floor?: number): void {
  const ratio = floor === undefined ? '' : `   ${(report.perSecond / floor).toFixed(2)} of the floor`
  const statuses = Object.entries(report.statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')
  console.log(
    `${name.padEnd(48)}${String(report.perSecond).padStart(7)} /s   p50 ${report.p50Ms} ms   p99 ${report.p99Ms} ms   ${statuses}${ratio}`,
  )
}

/** VmHWM: the most this process ever had resident. */
function peakMemory(running: Running): string {
  try {
    const kb = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${running.process.pid}/status`, 'utf8'))?.[1]
    return kb === undefined ? 'unknown' : String(Math.round(Number(kb) / 1024))
  } catch {
    return 'unknown'
  }
}

function sqliteVersion(): string {
  const database = new Database(':memory:')
  const { version } = database.prepare('SELECT sqlite_version() AS version').get() as { version: string }
  database.close()
  return version
}

function wanted(name: string): boolean {
  return only === undefined || only === name
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}
