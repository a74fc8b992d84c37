/**
 * What expressions see of a request. Each member is computed when it is first read, because most specs read two or three of them;
 * they are own properties, because JSONata looks no further.
 */
import type { RequestView } from '../domain/expression.ts'
import type { InboundRequest } from '../domain/request.ts'
import { formFields, type DecodedBody } from './body.ts'

export interface RequestViewInput {
  readonly request: InboundRequest
  /** Called at most once, and only if an expression reads the body. */
  readonly decode: () => DecodedBody
  readonly options: Readonly<Record<string, string>>
  readonly now: number
}

export function createRequestView({ request, decode, options, now }: RequestViewInput): RequestView {
  let headers: Record<string, string> | undefined
  let query: Record<string, string | string[]> | undefined
  let raw: string | undefined
  return {
    method: request.method,
    url: request.url,
    options,
    now,
    get path() {
      return pathOf(request.url)
    },
    get headers() {
      return (headers ??= request.headers.toRecord())
    },
    get query() {
      return (query ??= formFields(queryOf(request.url)))
    },
    get body() {
      const decoded = decode()
      return decoded.kind === 'unreadable' ? undefined : decoded.value
    },
    get raw() {
      return (raw ??= Buffer.from(request.rawBody).toString('utf8'))
    },
    get event() {
      return this.body
    },
  }
}

/** The same view with one item of the batch as `event`, its place, and what stands around it in a nested batch. */
export function withEvent(
  view: RequestView,
  event: unknown,
  position: number,
  around: Pick<Partial<RequestView>, 'outer' | 'list'> = {},
): RequestView {
  return {
    method: view.method,
    url: view.url,
    options: view.options,
    now: view.now,
    claims: view.claims,
    event,
    position,
    ...around,
    get path() {
      return view.path
    },
    get headers() {
      return view.headers
    },
    get query() {
      return view.query
    },
    get body() {
      return view.body
    },
    get raw() {
      return view.raw
    },
  }
}

/** The query of a URL without its question mark; empty when there is none. */
export function queryOf(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? '' : url.slice(mark + 1).replace(/#.*$/, '')
}

function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start === -1) return '/'
  const mark = url.indexOf('?', start)
  return mark === -1 ? url.slice(start) : url.slice(start, mark)
}
