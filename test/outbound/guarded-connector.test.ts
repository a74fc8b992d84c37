import type { LookupAddress } from 'node:dns'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  BlockedAddressError,
  createGuardedAgent,
  createGuardedConnector,
} from '../../src/outbound/guarded-connector.ts'
import type { GuardOptions, Resolve } from '../../src/outbound/guarded-connector.ts'
import { createReceiver } from '../support/receiver.ts'
import type { Receiver } from '../support/receiver.ts'

let receiver: Receiver
let closing: (() => Promise<void>)[]

beforeEach(async () => {
  receiver = await createReceiver()
  closing = [() => receiver.close()]
})
afterEach(async () => {
  for (const close of closing.toReversed()) await close()
})

function guarded(options: Partial<GuardOptions>) {
  const agent = createGuardedAgent({ allowPrivate: () => [], connectTimeoutMs: 5_000, connections: 4, ...options })
  closing.push(() => agent.close())
  return agent
}

function resolving(...answers: string[][]): Resolve & { readonly asked: () => number } {
  let asked = 0
  const resolve: Resolve = (_host, _options, callback) => {
    const answer = answers[Math.min(asked, answers.length - 1)]!
    asked += 1
    const addresses: LookupAddress[] = answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    queueMicrotask(() => callback(null, addresses))
  }
  return Object.assign(resolve, { asked: () => asked })
}

const portOf = (url: string): string => new URL(url).port

describe('an address written into the URL', () => {
  const spellings = [
    '127.0.0.1',
    '127.0.0.1.',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '017700000001',
    '0177.0.0.1',
    '0',
    '0.0.0.0',
    'localhost',
    '%31%32%37.0.0.1',
    '１２７．０．０．１',
    '127。0。0。1',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '169.254.169.254',
    '0xa9fea9fe',
    '168.63.129.16',
  ]
  for (const host of spellings) {
    test(`is not reached as ${host}`, async () => {
      const call = request(`http://${host}:${portOf(receiver.url)}/`, { dispatcher: guarded({}).current() })
      await expect(call).rejects.toBeInstanceOf(BlockedAddressError)
      expect(receiver.connectionCount).toBe(0)
    })
  }

  test('is not reached over https either', async () => {
    const call = request(`https://127.0.0.1:${portOf(receiver.url)}/`, { dispatcher: guarded({}).current() })
    await expect(call).rejects.toBeInstanceOf(BlockedAddressError)
    expect(receiver.connectionCount).toBe(0)
  })

  test('is named in the error, with the remedy', async () => {
    const call = request('http://0x7f.1/', { dispatcher: guarded({}).current() })
    await expect(call).rejects.toThrow(
      /127\.0\.0\.1 is a loopback address.*"127\.0\.0\.1\/32".*outbound\.allow_private/,
    )
  })
})

describe('a name', () => {
  const url = (): string => `http://app.example.com:${portOf(receiver.url)}/`
  const allowLoopback = (): string[] => ['127.0.0.0/8']

  test('is reached at the address it resolves to', async () => {
    const agent = guarded({ allowPrivate: allowLoopback, resolve: resolving(['127.0.0.1']) })
    expect((await request(url(), { dispatcher: agent.current() })).statusCode).toBe(200)
  })

  const refused: { name: string; addresses: string[] }[] = [
    { name: 'that resolves to a private address', addresses: ['10.0.0.1'] },
    { name: 'with a private address beside a public one', addresses: ['93.184.215.14', '10.0.0.1'] },
    { name: 'with a forbidden IPv6 address beside an allowed one', addresses: ['127.0.0.1', '::1'] },
    { name: 'that resolves to a mapped address', addresses: ['::ffff:10.0.0.1'] },
  ]
  for (const { name, addresses } of refused) {
    test(`${name} is refused, and nothing is connected`, async () => {
      const agent = guarded({ allowPrivate: allowLoopback, resolve: resolving(addresses) })
      await expect(request(url(), { dispatcher: agent.current() })).rejects.toBeInstanceOf(BlockedAddressError)
      expect(receiver.connectionCount).toBe(0)
    })
  }

  test('that turns to a private address for the next connection gains nothing (DNS rebinding)', async () => {
    const resolve = resolving(['127.0.0.1'], ['10.0.0.1'])
    receiver.answerWith({ headers: { connection: 'close' } })
    const agent = guarded({ allowPrivate: allowLoopback, resolve })
    await (await request(url(), { dispatcher: agent.current() })).body.dump()
    await expect(request(url(), { dispatcher: agent.current() })).rejects.toBeInstanceOf(BlockedAddressError)
    expect(resolve.asked()).toBe(2)
  })

  test('is resolved once for connections opened at the same time', async () => {
    const resolve = resolving(['127.0.0.1'])
    const agent = guarded({ allowPrivate: allowLoopback, resolve })
    const calls = Array.from({ length: 4 }, async () =>
      (await request(url(), { dispatcher: agent.current() })).body.dump(),
    )
    await Promise.all(calls)
    expect(receiver.connectionCount).toBeGreaterThan(1)
    expect(resolve.asked()).toBe(1)
  })

  test('without any address is not found', async () => {
    const agent = guarded({ resolve: resolving([]) })
    await expect(request(url(), { dispatcher: agent.current() })).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  test('keeps its connection, and loses it when the allow-list no longer has its address', async () => {
    let list = ['127.0.0.0/8']
    const agent = guarded({ allowPrivate: () => list, resolve: resolving(['127.0.0.1']) })
    for (let count = 0; count < 3; count += 1) await (await request(url(), { dispatcher: agent.current() })).body.dump()
    const connections = receiver.connectionCount
    list = ['127.0.0.0/8'] // a reload that changes nothing
    await (await request(url(), { dispatcher: agent.current() })).body.dump()
    expect(receiver.connectionCount).toBe(connections)
    list = []
    await expect(request(url(), { dispatcher: agent.current() })).rejects.toBeInstanceOf(BlockedAddressError)
    expect(receiver.requests).toHaveLength(4)
  })
})

test('the address of the socket itself has the last word', async () => {
  let isAllowed = true
  const policy = {
    refusalOf() {
      const refusal = isAllowed ? null : { address: '127.0.0.1', kind: 'a loopback address', cidr: '127.0.0.1/32' }
      isAllowed = false // allowed while it is looked up, refused when it is reached
      return refusal
    },
  }
  const connect = createGuardedConnector(policy, { connectTimeoutMs: 5_000, resolve: resolving(['127.0.0.1']) })
  const { error, socket } = await new Promise<{ error: unknown; socket: unknown }>((resolve) => {
    connect({ hostname: 'app.example.com', protocol: 'http:', port: portOf(receiver.url) }, (...[error, socket]) =>
      resolve({ error, socket }),
    )
  })
  expect(error).toBeInstanceOf(BlockedAddressError)
  expect(socket).toBeNull()
  expect(receiver.requests).toHaveLength(0)
})
