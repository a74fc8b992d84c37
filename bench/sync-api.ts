/**
 * The provider of `bench/sync.ts`, a process of its own that costs as little as it can: every page is made before it is asked for. It
 * prints `{"port":…}`.
 *
 * - `GET /items?after=N`: pages of 100 of all items, for a connection with a token of `big`; of 100 items in all for any other
 * - `GET /items?since=T`: those that changed later
 * - `POST /change?percent=1`: changes so many of the items, evenly spread
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const TOTAL = Number(process.env['ITEMS'] ?? 100_000)
const PER_PAGE = 100

interface Item {
  readonly id: number
  updatedAt: string
  version: number
}

const items: Item[] = Array.from({ length: TOTAL }, (_, at) => ({
  id: at + 1,
  updatedAt: new Date(Date.UTC(2026, 0, 1) + at * 1_000).toISOString(),
  version: 0,
}))

function shown({ id, updatedAt, version }: Item): object {
  return {
    id: String(id),
    createdAt: '2025-01-01T00:00:00.000Z',
    updatedAt,
    archived: false,
    properties: {
      firstname: `First ${id}`,
      lastname: `Last ${id}`,
      email: `person-${id}@example.com`,
      phone: `+1 555 ${String(id).padStart(7, '0')}`,
      company: `Company ${id % 1_000}`,
      city: 'Springfield',
      note: `version ${version}`,
    },
  }
}

function pagesOf(list: readonly Item[]): Buffer[] {
  const pages: Buffer[] = []
  for (let from = 0; from < list.length; from += PER_PAGE) {
    const next = from + PER_PAGE < list.length ? { paging: { next: { after: String(pages.length + 1) } } } : {}
    pages.push(Buffer.from(JSON.stringify({ results: list.slice(from, from + PER_PAGE).map(shown), ...next })))
  }
  return pages.length > 0 ? pages : [Buffer.from('{"results":[]}')]
}

let all = pagesOf(items)
const [small] = pagesOf(items.slice(0, PER_PAGE))
const since = new Map<string, Buffer[]>()

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://provider')
  if (url.pathname === '/change') {
    const step = Math.round(100 / Number(url.searchParams.get('percent') ?? 1))
    const updatedAt = new Date(Date.UTC(2026, 6, 1) + since.size * 1_000).toISOString()
    for (let at = 0; at < items.length; at += step)
      Object.assign(items[at]!, { updatedAt, version: items[at]!.version + 1 })
    all = pagesOf(items)
    since.clear()
    response.end()
    return
  }
  const from = url.searchParams.get('since')
  let pages = all
  if (request.headers.authorization !== 'Bearer big') pages = [small!]
  else if (from !== null) {
    pages = since.get(from) ?? pagesOf(items.filter(({ updatedAt }) => updatedAt > from))
    since.set(from, pages)
  }
  const page = pages[Number(url.searchParams.get('after') ?? 0)]!
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': page.length }).end(page)
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })))
process.once('SIGTERM', () => process.exit(0))
