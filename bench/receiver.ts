/**
 * The app at the end of the way: answers 200 and counts what arrived, each `webhook-id` once. `GET /stats` tells, and whoever sends
 * nothing like an id (the floor) has each request counted as different.
 */
import { createServer } from 'node:http'

const ids = new Set<string>()
let received = 0
let lastAt = 0

const server = createServer((incoming, answer) => {
  if (incoming.method === 'GET') {
    answer.end(JSON.stringify({ received, unique: ids.size, lastAt }))
    return
  }
  incoming.resume()
  incoming.on('end', () => {
    received += 1
    lastAt = Date.now()
    ids.add(String(incoming.headers['webhook-id'] ?? received))
    answer.writeHead(200, { 'content-length': 0 }).end()
  })
})

process.once('SIGTERM', () => process.exit(0))
server.keepAliveTimeout = 65_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) console.log(JSON.stringify({ port: address.port }))
})
