/**
 * Apps that are slow or broken in every way, all at once behind one gateway: each costs its own deliveries some tries, and the others
 * nothing.
 */
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGatewayHome, type GatewayHome } from '../support/gateway.ts'
import { type Answer, createReceiver, type Receiver } from '../support/receiver.ts'
import { takeAccount } from './account.ts'
import { createProvider, numberOf, type Provider, SECRET } from './provider.ts'
import { untilSettled } from './stats.ts'

/** Deliveries of each app. */
const TOTAL = 32
const RETRIES = ['100ms', '100ms', '200ms', '400ms', '800ms']
/** Of the app whose answer comes after it. */
const TIMEOUT_MS = 1_000

/** What the app does to the first tries of a delivery; from then on it answers 200. */
interface Misbehaviour {
  readonly name: string
  readonly answer: (response: ServerResponse) => void
  /** So many tries of each delivery meet it; 1 unless said otherwise. */
  readonly tries?: number
  /** Only each so manieth delivery meets it. */
  readonly every?: number
  /** `accepted`: such a try is taken for an answer of 2xx. `late`: by the app alone, because it says so after the timeout. */
  readonly counts?: 'accepted' | 'late'
}

const wire =
  (...bytes: readonly (string | Buffer)[]) =>
  (response: ServerResponse): void => {
    for (const each of bytes) response.socket?.write(each)
  }

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    name: 'is slow (2 s)',
    answer: (response) => void setTimeout(() => response.writeHead(200).end('ok'), 2_000),
    counts: 'accepted',
  },
  {
    name: 'resets connections',
    answer: (response) => void response.socket?.resetAndDestroy(),
    tries: 2,
  },
  { name: 'closes connections without a word', answer: (response) => void response.socket?.destroy() },
  {
    name: 'hangs up in the middle of its answer',
    answer: (response) => void response.socket?.end('HTTP/1.1 200 OK\r\ncontent-le'),
  },
  { name: 'answers garbage', answer: wire(Buffer.from([0, 255, 17, 13, 10, 0, 80, 13, 10, 13, 10])) },
  { name: 'answers with a status that is none', answer: wire('HTTP/1.1 999999 What\r\n\r\n') },
  {
    name: 'answers with two lengths',
    answer: wire('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
  },
  {
    name: 'switches to a protocol nobody asked for',
    answer: wire('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
  },
  { name: 'redirects', answer: (response) => void response.writeHead(307, { location: '/elsewhere' }).end() },
  {
    name: 'answers with endless headers',
    answer: (response) => endless(response, 'HTTP/1.1 200 OK\r\n', 'x-more: 1\r\n'),
  },
  {
    name: 'answers 200 with an endless body',
    answer: (response) => endless(response, 'HTTP/1.1 200 OK\r\n\r\n', 'more and more '),
    counts: 'accepted',
  },
  {
    name: 'answers 500 with an endless body',
    answer: (response) => endless(response, 'HTTP/1.1 500 Sorry\r\n\r\n', 'more and more '),
  },
  {
    name: 'answers 200 and never ends its body',
    answer: (response) => void response.writeHead(200).write('a little'),
    counts: 'accepted',
  },
  {
    name: 'answers 200 after the timeout',
    answer: (response) => void setTimeout(() => response.writeHead(200).end('ok'), 2.5 * TIMEOUT_MS),
    counts: 'late',
  },
  {
    name: 'answers every fourth delivery with garbage, for ever',
    answer: wire('garbage\r\n\r\n'),
    tries: Number.POSITIVE_INFINITY,
    every: 4,
  },
]

interface App {
  readonly misbehaviour: Misbehaviour
  /** Of the integration and of the destination. */
  readonly key: string
  readonly receiver: Receiver
  readonly provider: Provider
}

let home: GatewayHome
const apps: App[] = []

beforeAll(async () => {
  for (const misbehaviour of MISBEHAVIOURS) {
    const key = `app-${apps.length + 1}`
    const receiver = await createReceiver()
    receiver.answerWith(misbehaving(misbehaviour))
    apps.push({ misbehaviour, key, receiver, provider: createProvider({ integration: key }) })
  }
  home = createGatewayHome()
  home.configure(configuration())
  const gateway = await home.start()
  await Promise.all(apps.map(({ provider }) => provider.send(gateway.url, { total: TOTAL, lanes: 4 })))
  await untilSettled(gateway.url, apps.length * TOTAL)
  expect(await gateway.kill('SIGTERM')).toBe(0)
}, 240_000)

afterAll(async () => {
  await home.remove()
  for (const { receiver } of apps) await receiver.close()
})

for (const { name, counts, tries = 1, every = 1 } of MISBEHAVIOURS) {
  test(`settles what an app gets that ${name}`, () => {
    const { key, provider, receiver } = apps.find(({ misbehaviour }) => misbehaviour.name === name)!
    const account = takeAccount({
      scenario: `app ${name}`,
      database: home.database,
      provider,
      receiver,
      destination: key,
    })
    const afflicted = TOTAL / every
    const dead = tries === Number.POSITIVE_INFINITY ? afflicted : 0
    expect(account).toMatchObject({ accepted: TOTAL, delivered: TOTAL - dead, dead })
    // A machine that is busy may add a timeout; a try that failed as it should is never missing.
    const failures = counts === 'accepted' ? 0 : afflicted * Math.min(tries, RETRIES.length + 1)
    expect(account.failedTries).toBeGreaterThanOrEqual(failures)
    expect(account.received).toBeGreaterThanOrEqual(TOTAL + failures - dead)
    // The last of the late answers may still be to come.
    if (counts === 'late') expect(account.duplicates).toBeGreaterThan(0)
    else expect(account.duplicates).toBe(0)
  })
}

function configuration(): string {
  const destinations = apps.map(({ key, receiver, misbehaviour: { counts } }) => {
    const timeout = counts === 'late' ? `${TIMEOUT_MS}ms` : '10s'
    // Without a breaker, which would postpone what is counted here.
    return `  ${key}: { url: "${receiver.url}/webhooks", concurrency: 64, timeout: ${timeout}, breaker: off }`
  })
  const integrations = apps.map(
    ({ key }) => `  ${key}: { provider: github, secrets: { webhook_secret: [${SECRET}] }, forward: [${key}] }`,
  )
  return `
log: { level: error }
delivery: { retries: [${RETRIES.join(', ')}] }
destinations:
${destinations.join('\n')}
integrations:
${integrations.join('\n')}
`
}

/** Does so to the first tries of the deliveries concerned, and answers 200 otherwise. */
function misbehaving({ answer, tries = 1, every = 1 }: Misbehaviour): Answer {
  const seen = new Map<number, number>()
  return ({ body }, response) => {
    const number = numberOf(body)
    const before = seen.get(number) ?? 0
    seen.set(number, before + 1)
    if (before < tries && number % every === 0) answer(response)
    else response.writeHead(200).end('ok')
  }
}

/** Writes on and on until the other side hangs up. */
function endless({ socket }: ServerResponse, head: string, more: string): void {
  if (socket === null) return
  const block = more.repeat(1_000)
  const write = (): void => {
    if (socket.destroyed) return
    if (socket.write(block)) setImmediate(write)
    else socket.once('drain', write)
  }
  socket.write(head)
  write()
}
