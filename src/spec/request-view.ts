/**
 * What expressions see of a request. Each member is computed when it is first read, because most specs read two or three of them.
 */
import type { RequestView } from '../domain/expression.ts'
import type { InboundRequest } from '../domain/request.ts'
import { extendView } from '../verify/view.ts'
import { formFields, type DecodedBody } from './body.ts'

export interface RequestViewInput {
  readonly request: InboundRequest
  /** Called at most once, and only if an expression reads the body. */
  readonly decode: () => DecodedBody
  readonly options: Readonly<Record<string, string>>
  readonly now: number
}

export function createRequestView(input: RequestViewInput): RequestView {
  return new LazyView(input)
}

/** The same view with one item of the batch as `event`, its place, and what stands around it in a nested batch. */
export function withEvent(
  view: RequestView,
  event: unknown,
  position: number,
  around: Pick<Partial<RequestView>, 'outer' | 'list'> = {},
): RequestView {
  return extendView(view, { event, position, ...around })
}

/** A class, because getters in a literal would be made anew for each request; see verify/view.ts. */
class LazyView implements RequestView {
  readonly method: string
  readonly url: string
  readonly options: Readonly<Record<string, string>>
  readonly now: number
  readonly #request: InboundRequest
  readonly #decode: () => DecodedBody
  #query: Record<string, string | string[]> | undefined
  #raw: string | undefined

  constructor({ request, decode, options, now }: RequestViewInput) {
    this.method = request.method
    this.url = request.url
    this.options = options
    this.now = now
    this.#request = request
    this.#decode = decode
  }

  get path(): string {
    return pathOf(this.url)
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#request.headers.record()
  }

  get query(): Readonly<Record<string, string | readonly string[]>> {
    return (this.#query ??= formFields(queryOf(this.url)))
  }

  get body(): unknown {
    const decoded = this.#decode()
    return decoded.kind === 'unreadable' ? undefined : decoded.value
  }

  get raw(): string {
    return (this.#raw ??= Buffer.from(this.#request.rawBody).toString('utf8'))
  }

  get event(): unknown {
    return this.body
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
