/**
 * `npx tsx bench/sync.ts`: a gateway that pulls a large API, both processes of their own. CPU time and written bytes are the kernel's
 * (/proc), so they hold on a busy machine too; records per second do not. `--items N` (default 100000), `--connections N` (1000),
 * `--only big|many`, `--cpu-prof DIR` profiles the gateway, `--dist DIR` takes another build.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { LoadReport } from './load.ts'

const ITEMS = Number(option('--items') ?? 100_000)
const CONNECTIONS = Number(option('--connections') ?? 1_000)
const only = option('--only')
const SECRET = 'bench-secret'
const API_KEY = 'bench-api-key-0123456789'

interface Running {
  readonly process: ChildProcess
  readonly port: number
}

console.log(`machine   ${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, node ${process.version}`)
const folder = mkdtempSync(join(tmpdir(), 'postern-bench-sync-'))
const api = await start(['--import', 'tsx', 'bench/sync-api.ts'], { ITEMS: String(ITEMS) })
writeFileSync(
  join(folder, 'postern.yaml'),
  `server: { port: 0 }
storage: sqlite:${folder}/postern.db
api: { keys: [${API_KEY}] }
log: { level: error }
outbound: { allow_private: [127.0.0.0/8] }
integrations:
  github: { provider: github, secrets: { webhook_secret: [${SECRET}] } }
  crm:
    provider: github
    secrets: { webhook_secret: [${SECRET}] }
    syncs:
      contacts:
        model: Contact
        every: 1d
        deletes: missing_on_full_run
        request: { get: "http://127.0.0.1:${api.port}/items", query: { since: checkpoint.updated_at } }
        pages: { next: response.body.paging.next.after, into: query.after }
        records:
          list: response.body.results
          map: '{ "id": item.id, "first": item.properties.firstname, "last": item.properties.lastname, "email": item.properties.email, "phone": item.properties.phone, "company": item.properties.company, "note": item.properties.note, "updated_at": item.updatedAt }'
        checkpoint: { updated_at: $max(records.updated_at) }
`,
)
const profile = option('--cpu-prof')
const gateway = await start(
  [
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    join(option('--dist') ?? 'dist', 'main.js'),
    'serve',
    '--config',
    join(folder, 'postern.yaml'),
  ],
  { NODE_ENV: 'production' },
)
let peakMb = 0
const sampling = setInterval(() => (peakMb = Math.max(peakMb, residentMb())), 50)

try {
  if (only !== 'many') await big()
  if (only !== 'big') await many()
} finally {
  clearInterval(sampling)
  for (const running of [gateway, api]) {
    const ended = new Promise((resolve) => running.process.once('exit', resolve))
    running.process.kill('SIGTERM')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
}

async function big(): Promise<void> {
  console.log(`\none connection, ${ITEMS} records in pages of 100`)
  await measure('initial run', ITEMS, () => connect('big', 'big'))
  await post('/sync/trigger', { provider_config_key: 'crm', connection_id: 'big', syncs: ['contacts'] })
  await untilQuiet()
  await fetch(`http://127.0.0.1:${api.port}/change?percent=1`)
  const trigger = (opts = {}) =>
    post('/sync/trigger', { provider_config_key: 'crm', connection_id: 'big', syncs: ['contacts'], opts })
  await measure('incremental run, 1 % changed', ITEMS / 100, () => trigger())
  await measure('full run, nothing changed', ITEMS, () => trigger({ reset: true }))
  await measure('full run, nothing changed, again', ITEMS, () => trigger({ reset: true }))

  console.log('\n300 webhooks a second, 8 connections')
  await load(300, 2)
  const alone = await load(300, 6)
  const running = new AbortController()
  const busy = (async () => {
    while (!running.signal.aborted) {
      await trigger({ reset: true })
      await untilQuiet()
    }
  })()
  const beside = await load(300, 6)
  running.abort()
  await busy
  for (const [name, report] of Object.entries({ 'no run under way': alone, 'a full run under way': beside }))
    console.log(
      `${name.padEnd(34)} ${report.perSecond} /s   p50 ${report.p50Ms} ms   p99 ${report.p99Ms} ms   max ${report.maxMs} ms   ${JSON.stringify(report.statuses)}`,
    )
}

/** Small connections, while the large one is pulled anew: nobody waits for it. */
async function many(): Promise<void> {
  console.log(`\n${CONNECTIONS} connections with 100 records each, beside one with ${ITEMS}`)
  await connect('huge', 'big')
  const startedAt = Date.now()
  await measure('all of them', CONNECTIONS * 100 + ITEMS, async () => {
    for (let at = 0; at < CONNECTIONS; at += 20)
      await Promise.all(Array.from({ length: 20 }, (_, more) => connect(`small-${at + more}`, 'small')))
    console.log(`${'  connections made after'.padEnd(34)} ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`)
  })
  const database = open()
  const waits = database
    .prepare<[], number>(
      `SELECT r.finished_at - c.created_at FROM sync_runs r JOIN connections c USING (connection_id)
       WHERE connection_id LIKE 'small-%' ORDER BY 1`,
    )
    .pluck()
    .all()
  const huge = database
    .prepare<[], number>(`SELECT finished_at - started_at FROM sync_runs WHERE connection_id = 'huge'`)
    .pluck()
    .get()
  database.close()
  const at = (share: number) => ((waits[Math.floor(share * (waits.length - 1))] ?? 0) / 1_000).toFixed(1)
  console.log(
    `${'  from connection to cache'.padEnd(34)} p50 ${at(0.5)} s   p99 ${at(0.99)} s   max ${at(1)} s; the large one took ${((huge ?? 0) / 1_000).toFixed(1)} s`,
  )
  await measureIdle()
}

/** What thousands of schedules cost while nothing is due. */
async function measureIdle(): Promise<void> {
  const before = cpuMs()
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  console.log(`${'  idle, CPU of 3 s'.padEnd(34)} ${total(cpuMs()) - total(before)} ms`)
}

async function measure(name: string, records: number, begin: () => Promise<unknown>): Promise<void> {
  const before = { cpu: cpuMs(), wrote: writtenBytes(), changes: changes(), runs: runCount(), at: Date.now() }
  peakMb = residentMb()
  await begin()
  await untilQuiet(before.runs)
  const seconds = (Date.now() - before.at) / 1_000
  const cpu = cpuMs()
  const perRecord = (from: number, to: number) => (((to - from) * 1_000) / records).toFixed(1)
  console.log(
    `${name.padEnd(34)} ${seconds.toFixed(1)} s   ${Math.round(records / seconds)} records/s   CPU us per record: main ${perRecord(before.cpu.main, cpu.main)}, ` +
      `writer and rest ${perRecord(before.cpu.rest, cpu.rest)}   RSS peak ${peakMb} MB, then ${residentMb()} MB   ` +
      `written ${((writtenBytes() - before.wrote) / 2 ** 20).toFixed(1)} MB   records changed ${changes() - before.changes}`,
  )
}

async function untilQuiet(after = 0): Promise<void> {
  for (;;) {
    const database = open()
    const left = database
      .prepare<[], number>(
        `SELECT count(*) FROM sync_schedules WHERE wake_at <= unixepoch('subsec') * 1000 + 1000 OR lease_until IS NOT NULL`,
      )
      .pluck()
      .get()
    database.close()
    if (left === 0 && runCount() > after) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function open(): Database.Database {
  return new Database(join(folder, 'postern.db'), { readonly: true })
}

function runCount(): number {
  const database = open()
  const count = database.prepare<[], number>('SELECT count(*) FROM sync_runs').pluck().get() ?? 0
  database.close()
  return count
}

/** Records added, updated and deleted so far. */
function changes(): number {
  const database = open()
  const sum = database.prepare<[], number>('SELECT coalesce(sum(last_change), 0) FROM record_sets').pluck().get() ?? 0
  database.close()
  return sum
}

async function connect(id: string, token: string): Promise<void> {
  await post('/connections', { connection_id: id, provider_config_key: 'crm', credentials: { access_token: token } })
}

async function post(path: string, body: object): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
  await answer.arrayBuffer()
}

/** By the kernel's clock of 10 ms; the main thread is the one with the number of the process. */
function cpuMs(): { main: number; rest: number } {
  const { pid } = gateway.process
  let main = 0
  let rest = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1]!.split(' ')
    const ms = (Number(fields[11]) + Number(fields[12])) * 10
    if (thread === String(pid)) main += ms
    else rest += ms
  }
  return { main, rest }
}

function total({ main, rest }: { main: number; rest: number }): number {
  return main + rest
}

function residentMb(): number {
  return Math.round((Number(readFileSync(`/proc/${gateway.process.pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 2 ** 20)
}

/** Handed to the file system: WAL and checkpoints. */
function writtenBytes(): number {
  return Number(/write_bytes: (\d+)/.exec(readFileSync(`/proc/${gateway.process.pid}/io`, 'utf8'))?.[1] ?? 0)
}

async function load(rate: number, seconds: number): Promise<LoadReport> {
  const order = {
    port: gateway.port,
    path: '/webhook/github',
    connections: 8,
    seconds,
    rate,
    bodyBytes: 1024,
    secret: SECRET,
  }
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/load.ts', JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await new Promise((resolve) => child.once('exit', resolve))
  return JSON.parse(text) as LoadReport
}

async function start(args: readonly string[], env: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, [...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const found = /"port":(\d+)/.exec(said) ?? /127\.0\.0\.1:(\d+)/.exec(said)
      if (found !== null) resolve(Number(found[1]))
    })
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${said}`)))
  })
  return { process: child, port }
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}
