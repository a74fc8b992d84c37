/**
 * The floor: a bare `node:http` server that does what no webhook receiver can do without (read the body, HMAC it, compare,
 * `JSON.parse` it, answer) and nothing else. With FORWARD_PORT it also forwards from memory, signed, without storing anything.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { Agent, request } from 'undici'

const secret = process.env['BENCH_SECRET'] ?? ''
const forwardPort = process.env['FORWARD_PORT']
const agent = new Agent({ connections: 16, pipelining: 1 })

const server = createServer((incoming, answer) => {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const body = Buffer.concat(chunks)
    const given = Buffer.from(String(incoming.headers['x-hub-signature-256']).slice('sha256='.length), 'hex')
    const expected = createHmac('sha256', secret).update(body).digest()
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      answer.writeHead(401, { 'content-length': 0 }).end()
      return
    }
    JSON.parse(body.toString('utf8'))
    answer.writeHead(200, { 'content-type': 'application/json', 'content-length': 20 }).end('{"status":"success"}')
    if (forwardPort !== undefined) forward(body)
  })
})

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

server.keepAliveTimeout = 65_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) console.log(JSON.stringify({ port: address.port }))
})
