/**
 * The floor: a bare `node:http` server that does what no webhook receiver can do without (read the body, verify its signature,
 * `JSON.parse` it, answer) and nothing else. With FORWARD_PORT it also forwards from memory, signed, without storing anything.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'undici'

const secret = process.env['BENCH_SECRET'] ?? ''
const forwardPort = process.env['FORWARD_PORT']
const agent = new Agent({ connections: 16, pipelining: 1 })

const server = createServer((incoming, answer) => {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    if (!isSigned(incoming.headers, body)) {
      answer.writeHead(401, { 'content-length': 0 }).end()
      return
    }
    JSON.parse(body.toString('utf8'))
    answer.writeHead(200, { 'content-type': 'application/json', 'content-length': 20 }).end('{"status":"success"}')
    if (forwardPort !== undefined) forward(body)
  })
})

/** As GitHub signs, or as HubSpot does in its first version. */
function isSigned(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const github = headers['x-hub-signature-256']
  const given = Buffer.from(
    github === undefined ? String(headers['x-hubspot-signature']) : String(github).slice('sha256='.length),
    'hex',
  )
  const expected =
    github === undefined
      ? createHash('sha256').update(secret).update(body).digest()
      : createHmac('sha256', secret).update(body).digest()
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function forward(body: Buffer): void {
  const wrapped = Buffer.concat([
    Buffer.from('{"from":"github","providerConfigKey":"github","type":"forward","connectionId":"acme","payload":'),
    body,
    Buffer.from('}'),
  ])
  const signature = createHmac('sha256', secret).update(wrapped).digest('hex')
  request(`http://127.0.0.1:${forwardPort}/webhooks`, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json', 'x-nango-hmac-sha256': signature },
    body: wrapped,
  })
    .then((answer) => answer.body.dump())
    .catch(() => {})
}

process.once('SIGTERM', () => process.exit(0))
server.keepAliveTimeout = 65_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) console.log(JSON.stringify({ port: address.port }))
})
