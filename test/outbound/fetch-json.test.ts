import { createServer } from 'node:https'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BlockedAddressError } from '../../src/outbound/guarded-connector.ts'
import { createFetchJson } from '../../src/outbound/fetch-json.ts'
import type { FetchJson, FetchJsonOptions } from '../../src/outbound/fetch-json.ts'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from './localhost-certificate.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

let server: Server
let handler: Handler
let requests: string[]
let fetcher: FetchJson
let url: string

const answering =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body)

beforeEach(async () => {
  requests = []
  handler = answering(200, '{"keys":[{"kid":"1"}]}')
  server = createServer({ cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY }, (request, response) => {
    requests.push(request.url ?? '')
    handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  url = `https://keys.example.com:${port}/jwks`
  fetcher = create({})
})
afterEach(async () => {
  await fetcher.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function create(options: Partial<FetchJsonOptions>): FetchJson {
  return createFetchJson({
    allowPrivate: () => ['127.0.0.0/8'],
    ca: LOCALHOST_CERTIFICATE,
    resolve: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    ...options,
  })
}

async function recreate(options: Partial<FetchJsonOptions>): Promise<void> {
  await fetcher.close()
  fetcher = create(options)
}

test('fetches a document over https', async () => {
  expect(await fetcher.fetchJson(url)).toEqual({ keys: [{ kid: '1' }] })
  expect(requests).toEqual(['/jwks'])
})

const refusals: { name: string; answer: Handler; error: RegExp }[] = [
  {
    name: 'does not follow a redirect',
    answer: answering(302, '', { location: '/other' }),
    error: /answered 302/,
  },
  { name: 'fails on 404', answer: answering(404, '{}'), error: /answered 404/ },
  { name: 'fails on 503', answer: answering(503, ''), error: /answered 503/ },
  { name: 'refuses what is not JSON', answer: answering(200, '<html>'), error: /not JSON/ },
  {
    name: 'refuses what is not UTF-8',
    answer: answering(200, Buffer.from([0x22, 0xff, 0x22])),
    error: /not UTF-8/,
  },
  {
    name: 'stops reading after 1 MB',
    answer: answering(200, `"${'x'.repeat(1_048_576)}"`),
    error: /more than 1048576 bytes/,
  },
]
for (const { name, answer, error } of refusals) {
  test(name, async () => {
    handler = answer
    await expect(fetcher.fetchJson(url)).rejects.toThrow(error)
    expect(requests).toHaveLength(1)
  })
}

test('takes no longer than its time', async () => {
  await recreate({ timeoutMs: 200 })
  handler = () => undefined
  await expect(fetcher.fetchJson(url)).rejects.toThrow()
  expect(requests).toHaveLength(1)
})

test('asks over https only', async () => {
  await expect(fetcher.fetchJson(url.replace('https:', 'http:'))).rejects.toThrow('over https only')
  await expect(fetcher.fetchJson('keys')).rejects.toThrow('over https only')
  expect(requests).toHaveLength(0)
})

test('does not trust a certificate that nobody vouches for', async () => {
  await fetcher.close()
  fetcher = createFetchJson({
    allowPrivate: () => ['127.0.0.0/8'],
    resolve: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  await expect(fetcher.fetchJson(url)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  expect(requests).toHaveLength(0)
})

test('does not reach a private address', async () => {
  await recreate({ allowPrivate: () => [] })
  await expect(fetcher.fetchJson(url)).rejects.toBeInstanceOf(BlockedAddressError)
  expect(requests).toHaveLength(0)
})
