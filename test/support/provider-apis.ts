/**
 * Four paginated provider APIs on a free port of the loopback, played as their documentation says:
 *
 * - HubSpot contacts: `paging.next.after` (list and search), bearer token, 429 with the policy in the body
 * - GitHub issues: `Link` header (RFC 8288) with next and last, `since`, 403 when the rate limit is used up
 * - Stripe charges: `has_more` and `starting_after`, newest first, the key as basic user
 * - Shopify products: `Link` with an opaque `page_info` that excludes all other filters, `X-Shopify-Access-Token`
 *
 * and a token endpoint for OAuth 2. Faults are put in line; items can change between pages. Nothing of the gateway is in it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ProviderItem {
  readonly id: string
  readonly name: string
  /** ISO, as it goes out. */
  readonly updatedAt: string
}

export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Never answers. */
  | 'hang'
  /** Cuts the connection. */
  | 'reset'
  /** Does as it likes with the answer. */
  | ((response: ServerResponse) => void)

export interface ApiRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly status: number
}

export interface ProviderApis {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  readonly requests: ApiRequest[]
  readonly items: Map<string, ProviderItem>
  /** Sets an item with this time; the name tells versions apart. */
  put(id: string | number, updatedAt: string, name?: string): void
  /** So many items, `1` upwards, a minute apart from the time given. */
  fill(count: number, from?: string): void
  /** The next requests get these instead of an answer, in order. */
  failNext(...faults: Fault[]): void
  /** The next answer waits until it is released. */
  holdNext(): { readonly isAsked: Promise<void>; release(): void }
  /** Called before each answer, to change items between pages. */
  beforeAnswer(callback: (request: { url: string; count: number }) => void): void
  /** Every answer takes so long from now on. */
  answerAfter(delayMs: () => number): void
  /** Tokens that are accepted; at first `good-token`. */
  readonly tokens: Set<string>
  /** Refresh tokens that are accepted, each once; at first `refresh-1`. */
  readonly refreshTokens: Set<string>
  close(): Promise<void>
}

const SHOPIFY_KEY = 'good-token'

export async function createProviderApis(): Promise<ProviderApis> {
  const items = new Map<string, ProviderItem>()
  const requests: ApiRequest[] = []
  const faults: Fault[] = []
  const tokens = new Set(['good-token'])
  const refreshTokens = new Set(['refresh-1'])
  let before: (request: { url: string; count: number }) => void = () => undefined
  let held: { asked: () => void; answer: () => void } | null = null
  let delayMs: (() => number) | null = null
  let issued = 0

  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const url = new URL(incoming.url ?? '/', 'http://provider')
      response.on('close', () => requests.push(received(incoming, body, response.statusCode)))
      before({ url: incoming.url ?? '', count: requests.length + 1 })
      if (held !== null) {
        const { asked } = held
        held.answer = () => answer(incoming, response, url, body)
        held = null
        return asked()
      }
      const fault = faults.shift()
      if (fault === 'hang') return
      if (typeof fault === 'function') return fault(response)
      if (fault === 'reset') return void response.socket?.resetAndDestroy()
      if (fault !== undefined) return void response.writeHead(fault.status, fault.headers).end(fault.body ?? '')
      if (delayMs === null) answer(incoming, response, url, body)
      else setTimeout(() => answer(incoming, response, url, body), delayMs())
    })
  })

  function answer(incoming: IncomingMessage, response: ServerResponse, url: URL, body: string): void {
    const { pathname } = url
    const authorization = incoming.headers.authorization ?? ''
    const bearer = /^Bearer (.+)$/.exec(authorization)?.[1] ?? ''
    if (pathname === '/oauth/token') return token(response, new URLSearchParams(body), authorization)
    if (pathname.startsWith('/crm/')) {
      if (!tokens.has(bearer)) return json(response, 401, { status: 'error', category: 'INVALID_AUTHENTICATION' })
      return hubspot(response, url, incoming.method ?? '', body)
    }
    if (pathname.startsWith('/repos/')) {
      if (!tokens.has(bearer)) return json(response, 401, { message: 'Bad credentials' })
      return github(response, url)
    }
    if (pathname === '/v1/charges') {
      const [user] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
        .toString()
        .split(':')
      if (!tokens.has(user ?? '')) return json(response, 401, { error: { type: 'invalid_request_error' } })
      return stripe(response, url)
    }
    if (pathname === '/admin/api/2026-01/products.json') {
      if (incoming.headers['x-shopify-access-token'] !== SHOPIFY_KEY)
        return json(response, 401, { errors: 'Invalid API key' })
      return shopify(response, url)
    }
    json(response, 404, { message: 'Not Found' })
  }

  function hubspot(response: ServerResponse, url: URL, method: string, body: string): void {
    const shape = (item: ProviderItem) => ({
      id: item.id,
      properties: { firstname: item.name, lastmodifieddate: item.updatedAt },
      updatedAt: item.updatedAt,
      archived: false,
    })
    const one = /\/contacts\/([^/]+)$/.exec(url.pathname)?.[1]
    if (one !== undefined && one !== 'search') {
      const item = items.get(decodeURIComponent(one))
      return item === undefined ? json(response, 404, { status: 'error' }) : json(response, 200, shape(item))
    }
    let found = [...items.values()]
    let after = url.searchParams.get('after')
    let limit = Number(url.searchParams.get('limit') ?? 10)
    if (method === 'POST') {
      const search = JSON.parse(body) as {
        filterGroups?: { filters: { value: string }[] }[]
        limit?: number
        after?: string
      }
      const since = search.filterGroups?.[0]?.filters[0]?.value
      if (since !== undefined) found = found.filter((item) => item.updatedAt >= since)
      after = search.after ?? null
      limit = search.limit ?? 10
    }
    found.sort((a, b) => Number(a.id) - Number(b.id))
    if (after !== null) found = found.filter((item) => Number(item.id) > Number(after))
    const page = found.slice(0, limit)
    const last = page.at(-1)
    const paging = found.length > limit && last !== undefined ? { paging: { next: { after: last.id, link: '…' } } } : {}
    json(response, 200, { results: page.map(shape), ...paging })
  }

  function github(response: ServerResponse, url: URL): void {
    const perPage = Number(url.searchParams.get('per_page') ?? 30)
    const page = Number(url.searchParams.get('page') ?? 1)
    const since = url.searchParams.get('since')
    const found = [...items.values()]
      .filter((item) => since === null || item.updatedAt >= since)
      .sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1))
    const pages = Math.max(1, Math.ceil(found.length / perPage))
    const to = (number: number, rel: string): string => {
      const target = new URL(url.pathname + url.search, address())
      target.searchParams.set('page', String(number))
      return `<${target.href}>; rel="${rel}"`
    }
    const links = [
      ...(page > 1 ? [to(page - 1, 'prev'), to(1, 'first')] : []),
      ...(page < pages ? [to(page + 1, 'next'), to(pages, 'last')] : []),
    ]
    json(
      response,
      200,
      found.slice((page - 1) * perPage, page * perPage).map((item) => ({
        id: Number(item.id),
        number: Number(item.id),
        title: item.name,
        updated_at: item.updatedAt,
      })),
      {
        ...(links.length > 0 ? { link: links.join(', ') } : {}),
        'x-ratelimit-remaining': '4999',
        'x-ratelimit-reset': '0',
      },
    )
  }

  function stripe(response: ServerResponse, url: URL): void {
    const limit = Number(url.searchParams.get('limit') ?? 10)
    const after = url.searchParams.get('starting_after')
    const sorted = [...items.values()].sort((a, b) => Number(b.id) - Number(a.id))
    const from = after === null ? 0 : sorted.findIndex((item) => `ch_${item.id}` === after) + 1
    if (after !== null && from === 0) return json(response, 400, { error: { message: `No such charge: '${after}'` } })
    json(response, 200, {
      object: 'list',
      url: '/v1/charges',
      has_more: from + limit < sorted.length,
      data: sorted.slice(from, from + limit).map((item) => ({
        id: `ch_${item.id}`,
        object: 'charge',
        description: item.name,
        created: Date.parse(item.updatedAt) / 1_000,
      })),
    })
  }

  function shopify(response: ServerResponse, url: URL): void {
    const limit = Number(url.searchParams.get('limit') ?? 50)
    const info = url.searchParams.get('page_info')
    if (info !== null && [...url.searchParams.keys()].some((key) => key !== 'limit' && key !== 'page_info')) {
      return json(response, 400, { errors: { page_info: 'Invalid: no other filter may be given' } })
    }
    const state = (
      info === null
        ? { last: 0, min: url.searchParams.get('updated_at_min') ?? '' }
        : JSON.parse(Buffer.from(info, 'base64url').toString())
    ) as { last: number; min: string }
    const found = [...items.values()]
      .filter((item) => Number(item.id) > state.last && item.updatedAt >= state.min)
      .sort((a, b) => Number(a.id) - Number(b.id))
    const page = found.slice(0, limit)
    const links: string[] = []
    if (info !== null) links.push(`<${address()}${url.pathname}?limit=${limit}&page_info=back>; rel="previous"`)
    if (found.length > limit) {
      const next = Buffer.from(JSON.stringify({ last: Number(page.at(-1)!.id), min: state.min })).toString('base64url')
      links.push(`<${address()}${url.pathname}?limit=${limit}&page_info=${next}>; rel="next"`)
    }
    json(
      response,
      200,
      { products: page.map((item) => ({ id: Number(item.id), title: item.name, updated_at: item.updatedAt })) },
      links.length > 0 ? { link: links.join(', ') } : {},
    )
  }

  /** RFC 6749 §6 with rotation of the refresh token, and §4.4. */
  function token(response: ServerResponse, form: URLSearchParams, authorization: string): void {
    const client = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString()
    if (client !== 'the-client:the-secret') return json(response, 401, { error: 'invalid_client' })
    const refreshToken = form.get('refresh_token')
    if (form.get('grant_type') === 'refresh_token' && !refreshTokens.delete(refreshToken ?? ''))
      return json(response, 400, { error: 'invalid_grant' })
    issued += 1
    tokens.add(`issued-token-${issued}`)
    refreshTokens.add(`refresh-${issued + 1}`)
    const rotated = refreshToken === null ? {} : { refresh_token: `refresh-${issued + 1}` }
    json(response, 200, { access_token: `issued-token-${issued}`, token_type: 'bearer', expires_in: 3600, ...rotated })
  }

  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const put = (id: string | number, updatedAt: string, name = `item ${id}`): void =>
    void items.set(String(id), { id: String(id), name, updatedAt })
  return {
    url: address(),
    requests,
    items,
    put,
    fill(count, from = '2026-01-01T00:00:00.000Z') {
      for (let at = 1; at <= count; at += 1) put(at, new Date(Date.parse(from) + at * 60_000).toISOString())
    },
    failNext: (...given) => void faults.push(...given),
    holdNext() {
      const holding = { asked: (): void => undefined, answer: (): void => undefined }
      const isAsked = new Promise<void>((resolve) => (holding.asked = resolve))
      held = holding
      return { isAsked, release: () => holding.answer() }
    },
    beforeAnswer(callback) {
      before = callback
    },
    answerAfter(given) {
      delayMs = given
    },
    tokens,
    refreshTokens,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function json(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

function received(incoming: IncomingMessage, body: string, status: number): ApiRequest {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value)
  return { method: incoming.method ?? '', url: incoming.url ?? '', headers, body, status }
}
