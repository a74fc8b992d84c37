/**
 * A soak: steady load for minutes, with everything going wrong now and then, while the gateway's memory and file descriptors are
 * watched. It ends with 1 when either grows after the warm-up (flatness.ts says how that is told), or when an accepted event is
 * unaccounted for.
 *
 *   npx tsc && npx tsx bench/soak.ts --minutes 10 [--rate 300]
 *
 * What goes wrong: senders that forge, repeat, or leave in the middle of a body; an app that answers 500, resets, hangs past the
 * timeout, answers garbage or endlessly. Reads Linux's /proc.
 */
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Pool } from 'undici'
import { createGatewayHome, eventually, type RunningGateway } from '../test/support/gateway.ts'
import { type Trend, trendOf, WARM_UP_SHARE } from './flatness.ts'

const SECRET = 'soak-secret'
const SAMPLE_EVERY_MS = 1_000
const PRINT_EVERY_SECONDS = 5
const LANES = 16

/**
 * Growth after the warm-up that noise does not explain. The foot of the memory's saw still moves by a tenth when V8 resizes its heap; in
 * a run of 10 minutes 25 MB are 280 bytes a request at 300/s and 80 at 1000/s, and a leak worth the name keeps more.
 */
const MAX_RSS_GROWTH = { share: 0.1, mb: 10 }
const MAX_DESCRIPTOR_GROWTH = 20

/** Memory grows until SQLite's caches (48 MB) are full and the heap has its size, however long that takes: so many events. */
const MIN_WARM_UP_EVENTS = 25_000

const minutes = Number(option('--minutes') ?? 10)
const rate = Number(option('--rate') ?? 300)
if (!(minutes >= 2 && rate > 0)) throw new Error('--minutes takes a number of at least 2, --rate one above 0')

interface Sample {
  readonly second: number
  readonly rssMb: number
  readonly descriptors: number
  readonly accepted: number
  readonly databaseMb: number
  readonly walMb: number
}

const counts = { sent: 0, accepted: 0, duplicates: 0, refused: 0, overloaded: 0, leftInTheMiddle: 0, received: 0 }

const app = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    counts.received += 1
    misbehave(Math.random(), response)
  })
})
app.on('connection', (socket) => socket.on('error', () => undefined))
await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
const appUrl = `http://127.0.0.1:${(app.address() as AddressInfo).port}/webhooks`

const home = createGatewayHome()
home.configure(`
log: { level: error }
delivery: { retries: [200ms, 500ms, 1s, 2s, 5s] }
destinations: { app: { url: "${appUrl}", timeout: 2s, concurrency: 32 } }
integrations:
  github: { provider: github, secrets: { webhook_secret: [${SECRET}] }, forward: [app] }
`)

let exitCode = 1
try {
  const gateway = await home.start()
  const samples = await soak(gateway)
  const isAccounted = await account(gateway)
  const isFlat = judge(samples)
  exitCode = isAccounted && isFlat && (await gateway.kill('SIGTERM')) === 0 ? 0 : 1
} finally {
  await home.remove()
  app.closeAllConnections()
  app.close()
}
console.log(exitCode === 0 ? 'flat, and all accounted for' : 'FAILED')
process.exitCode = exitCode

async function soak(gateway: RunningGateway): Promise<Sample[]> {
  const startedAt = Date.now()
  const endsAt = startedAt + minutes * 60_000
  const samples: Sample[] = []
  const takeSample = (): void => {
    const one = sample(gateway, Math.round((Date.now() - startedAt) / 1_000))
    samples.push(one)
    if (samples.length % PRINT_EVERY_SECONDS !== 1) return
    console.log(
      `${String(one.second).padStart(5)} s   rss ${one.rssMb.toFixed(1).padStart(6)} MB   descriptors ${String(one.descriptors).padStart(4)}   ` +
        `database ${one.databaseMb.toFixed(0)} MB + wal ${one.walMb.toFixed(0)} MB   accepted ${counts.accepted}, received ${counts.received}`,
    )
  }
  takeSample()
  const sampling = setInterval(takeSample, SAMPLE_EVERY_MS)
  const pool = new Pool(gateway.url, { connections: LANES, pipelining: 1 })
  const waitMs = (1_000 * LANES) / rate
  const lane = async (): Promise<void> => {
    while (Date.now() < endsAt) {
      const began = performance.now()
      await sendSomething(gateway, pool, Math.random())
      const left = waitMs - (performance.now() - began)
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left))
    }
  }
  try {
    await Promise.all(Array.from({ length: LANES }, lane))
  } finally {
    clearInterval(sampling)
    await pool.destroy()
  }
  return samples
}

async function sendSomething(gateway: RunningGateway, pool: Pool, chance: number): Promise<void> {
  counts.sent += 1
  const number = counts.sent
  if (chance < 0.005) return leaveInTheMiddle(gateway)
  if (chance < 0.01) {
    // People look at it meanwhile.
    for (const path of ['/api/v1/stats', '/api/v1/requests?limit=50', '/metrics']) await askApi(gateway, path)
    return
  }
  const isForged = chance < 0.04
  const isRepeated = chance > 0.98
  const size = chance > 0.97 ? 200_000 : 1_000
  const body = JSON.stringify({ number, repository: { id: number % 100 }, padding: 'x'.repeat(size) })
  const signature = createHmac('sha256', isForged ? 'not the secret' : SECRET)
    .update(body)
    .digest('hex')
  for (let times = isRepeated ? 2 : 1; times > 0; times -= 1) {
    const { statusCode, body: answer } = await pool.request({
      method: 'POST',
      path: '/webhook/github',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': `soak-${number}`,
        'x-hub-signature-256': `sha256=${signature}`,
      },
      body,
    })
    await answer.dump()
    if (statusCode === 401 && isForged) counts.refused += 1
    else if (statusCode === 503) counts.overloaded += 1
    else if (statusCode !== 200 || isForged) throw new Error(`answered ${statusCode}`)
    else if (times === 1 && isRepeated) counts.duplicates += 1
    else counts.accepted += 1
  }
}

/** Promises a body, sends a part of it and goes. */
function leaveInTheMiddle(gateway: RunningGateway): Promise<void> {
  counts.leftInTheMiddle += 1
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => {
      const head = 'POST /webhook/github HTTP/1.1\r\nhost: soak\r\ncontent-length: 100000\r\n\r\n'
      socket.write(head + 'x'.repeat(5_000), () => socket.destroy())
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
  })
}

function misbehave(chance: number, response: ServerResponse): void {
  if (chance < 0.03) response.writeHead(500).end()
  else if (chance < 0.04) response.socket?.resetAndDestroy()
  else if (chance < 0.05) response.socket?.end('garbage\r\n\r\n')
  else if (chance < 0.055) response.writeHead(200).write('x'.repeat(100_000)) // and never ends
  else if (chance < 0.06) return // never answers
  else if (chance < 0.08) setTimeout(() => response.writeHead(200).end('late'), 500)
  else response.writeHead(200).end('ok')
}

/**
 * Asks once more when the connection was reset: a client may pick one that the server, after 65 s without a request, is just closing.
 * A gateway that has died resets the second one as well.
 */
async function askApi(gateway: RunningGateway, path: string): Promise<string> {
  const ask = async (): Promise<string> => (await gateway.api(path)).text()
  return ask().catch(ask)
}

/** Waits until nothing is under way any more; whether the gateway's books agree with ours. */
async function account(gateway: RunningGateway): Promise<boolean> {
  const read = async () =>
    JSON.parse(await askApi(gateway, '/api/v1/stats')) as Record<'requests' | 'deliveries', Record<string, number>>
  const { requests, deliveries } = await eventually(
    read,
    (seen) => (seen.deliveries['pending'] ?? 0) + (seen.deliveries['in_flight'] ?? 0) === 0,
    120_000,
  )
  const { delivered = 0, dead = 0 } = deliveries
  console.log(
    `\nsent        ${Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  )
  console.log(`stored      requests ${JSON.stringify(requests)}, deliveries ${JSON.stringify(deliveries)}`)
  console.log(`accepted ${counts.accepted} = delivered ${delivered} + pending 0 + dead ${dead}`)
  return counts.accepted === delivered + dead && requests['accepted'] === counts.accepted
}

function judge(samples: readonly Sample[]): boolean {
  const rss = trendOf(samples.map(({ second, rssMb }) => [second, rssMb]))
  const descriptors = trendOf(samples.map(({ second, descriptors: count }) => [second, count]))
  const warmUpEnd = (samples.at(-1)?.second ?? 0) * WARM_UP_SHARE
  const warmUp = samples.findLast(({ second }) => second <= warmUpEnd)?.accepted ?? 0
  if (rss === null || descriptors === null || warmUp < MIN_WARM_UP_EVENTS) {
    console.log(
      `memory cannot be judged: ${warmUp} events in the warm-up, ${MIN_WARM_UP_EVENTS} are needed; run longer`,
    )
    return false
  }
  const line = (name: string, unit: string, { level, growth, perMinute }: Trend, allowed: number): void =>
    console.log(
      `${name.padEnd(12)}foot ${level.toFixed(1)}${unit}, trend ${perMinute.toFixed(2)}${unit}/min, ` +
        `${growth.toFixed(1)}${unit} after the first ${WARM_UP_SHARE * 100} % (allowed ${allowed.toFixed(1)}${unit})`,
    )
  const allowedMb = Math.max(MAX_RSS_GROWTH.mb, MAX_RSS_GROWTH.share * rss.level)
  line('rss', ' MB', rss, allowedMb)
  line('descriptors', '', descriptors, MAX_DESCRIPTOR_GROWTH)
  return rss.growth <= allowedMb && descriptors.growth <= MAX_DESCRIPTOR_GROWTH
}

function sample(gateway: RunningGateway, second: number): Sample {
  const pid = gateway.process.pid
  const rssKb = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return {
    second,
    rssMb: rssKb / 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    accepted: counts.accepted,
    databaseMb: megabytes(home.database),
    walMb: megabytes(`${home.database}-wal`),
  }
}

function megabytes(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}
