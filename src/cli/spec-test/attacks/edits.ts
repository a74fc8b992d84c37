/** Requests with one thing changed. Every function gives a new request, or the same one where there is nothing to change. */
import { readMultipart } from '../../../domain/multipart.ts'
import { HeaderList, type InboundRequest } from '../../../domain/request.ts'
import { isObject } from '../../../verify/data-path.ts'
import { formText, readFields, readForm } from '../../../verify/form.ts'
import { withValue } from '../../../verify/signing/request-edit.ts'

export function withBody(request: InboundRequest, body: Uint8Array | string): InboundRequest {
  return { ...request, rawBody: typeof body === 'string' ? Buffer.from(body, 'utf8') : body }
}

/** With these values of the header, in this order, in place of those that it has; with none it is taken out. */
export function withHeaderValues(request: InboundRequest, name: string, values: readonly string[]): InboundRequest {
  const lower = name.toLowerCase()
  const kept = [...request.headers.pairs()].filter(([other]) => other !== lower)
  return { ...request, headers: new HeaderList([...kept, ...values.map((value) => [lower, value])].flat()) }
}

/** With these values of the query parameter, after all others, in place of those that it has. */
export function withQueryValues(request: InboundRequest, name: string, values: readonly string[]): InboundRequest {
  const { base, query } = splitUrl(request.url)
  const changed = withPairs(query, name, values)
  return { ...request, url: changed === '' ? base : `${base}?${changed}` }
}

/** The same for a field of a form body; of one that is multipart the last value is the only one. */
export function withFieldValues(request: InboundRequest, name: string, values: readonly string[]): InboundRequest {
  if (readMultipart(request.rawBody) === undefined) {
    return withBody(
      request,
      Buffer.from(withPairs(Buffer.from(request.rawBody).toString('latin1'), name, values), 'latin1'),
    )
  }
  const last = values.at(-1)
  return last === undefined ? withoutPart(request, name) : withValue(request, { form: name }, last)
}

export function splitUrl(url: string): { readonly base: string; readonly query: string } {
  const mark = url.indexOf('?')
  return mark === -1 ? { base: url, query: '' } : { base: url.slice(0, mark), query: url.slice(mark + 1) }
}

/** The JSON of the body, be it the whole or what a field of a form holds; undefined where there is none. */
export function jsonOf(request: InboundRequest): unknown {
  return findJson(request)?.value
}

/** With the JSON changed, written anew. What `change` gets may be changed in place. */
export function withJson(request: InboundRequest, change: (value: unknown) => unknown): InboundRequest {
  const found = findJson(request)
  if (found === undefined) return request
  const text = JSON.stringify(change(found.value))
  return found.field === undefined ? withBody(request, text) : withValue(request, { form: found.field }, text)
}

function findJson({ rawBody }: InboundRequest): { readonly value: unknown; readonly field?: string } | undefined {
  const whole = parseJson(Buffer.from(rawBody).toString('utf8'))
  if (whole !== undefined) return { value: whole }
  for (const { name, value } of readFields(rawBody)) {
    const held = parseJson(formText(value))
    if (isObject(held)) return { value: held, field: formText(name) }
  }
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function withoutPart(request: InboundRequest, name: string): InboundRequest {
  const text = Buffer.from(request.rawBody).toString('latin1')
  const boundary = text.split('\r\n', 1)[0]!
  const parts = text.split(boundary).filter((part) => !part.includes(`name="${name}"`))
  return withBody(request, Buffer.from(parts.join(boundary), 'latin1'))
}

/** Only the pairs themselves are written anew; all others keep their escapes. */
function withPairs(text: string, name: string, values: readonly string[]): string {
  const kept = text.split('&').filter((pair) => {
    const [read] = readForm(Buffer.from(pair, 'latin1'))
    return read !== undefined && formText(read.name) !== name
  })
  return [...kept, ...values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)].join('&')
}
