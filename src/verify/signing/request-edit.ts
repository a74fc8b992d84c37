/**
 * Requests with one value put where a clause says: the counterpart of place.ts, for signing. Every function gives a new request; a
 * value that stands there already is replaced.
 */
import { GatewayError } from '../../domain/errors.ts'
import type { RequestView } from '../../domain/expression.ts'
import { type MultipartField, readMultipart } from '../../domain/multipart.ts'
import { HeaderList, type InboundRequest } from '../../domain/request.ts'
import { isObject, readDataPath } from '../data-path.ts'
import { formText, readFields, readForm } from '../form.ts'
import { describePlace, optionalHeader, type Place } from '../place.ts'

/** Throws `usage_invalid` for a place that is computed, and for a body that has no such member. */
export function withValue(request: InboundRequest, place: Place, value: string | number): InboundRequest {
  const { header, numbered_header: numbered, query, form } = place
  if (header !== undefined) return withHeader(request, header, String(value))
  if (numbered !== undefined) return withHeader(request, `${numbered}1`, String(value))
  if (query !== undefined) return { ...request, url: withQuery(request.url, query, String(value)) }
  if (form !== undefined) return { ...request, rawBody: withField(request.rawBody, form, String(value)) }
  if (place.whole_body === true) return { ...request, rawBody: Buffer.from(String(value), 'utf8') }
  const path = memberPath(place.body ?? '', 'body')
  if (path === undefined) throw unsignable(`${describePlace(place)} is computed, so nothing can be put there`)
  return { ...request, rawBody: changeJson(request.rawBody, (body) => setMember(body, path, value)) }
}

/** The place with the header that the operator has named in an option. */
export function resolvePlace(place: Place, view: RequestView): Place {
  if (place.header_option === undefined) return place
  const header = optionalHeader(view, place.header_option)
  if (header === undefined) throw unsignable(`the option ${place.header_option}, which names the header, is not set`)
  return { header }
}

/** Puts a value into every item of a batch, each its own. */
export function withItemValues(
  request: InboundRequest,
  each: string,
  item: string,
  values: readonly string[],
): InboundRequest {
  const path = memberPath(item, 'item')
  if (path === undefined) throw unsignable(`${item} is computed, so nothing can be put there`)
  const change = (body: unknown): unknown => {
    for (const [at, one] of itemsOf(body, each).entries()) setMember(one, path, values[at]!)
    return body
  }
  return { ...request, rawBody: changeJson(request.rawBody, change) }
}

export function itemsOf(body: unknown, each: string): readonly unknown[] {
  const items = readDataPath(body, each)
  if (!Array.isArray(items)) throw unsignable(`the body has no array ${each}`)
  return items
}

/** Members of a plain path such as `body.signature.token` or ``body.`event-data`.id``; undefined for any other expression. */
export function memberPath(expression: string, root: 'body' | 'item'): string[] | undefined {
  if (!/^[a-z]+(?:\.(?:`[^`]+`|[A-Za-z_$@][\w$@-]*))+$/.test(expression) || !expression.startsWith(`${root}.`))
    return undefined
  return [...expression.matchAll(/\.(?:`([^`]+)`|([A-Za-z_$@][\w$@-]*))/g)].map((found) => found[1] ?? found[2]!)
}

export function unsignable(problem: string): GatewayError {
  return new GatewayError({
    code: 'usage_invalid',
    message: `The request cannot be signed: ${problem}.`,
    hint: 'Give the request what its scheme needs, or a recorded signature.',
  })
}

function withHeader(request: InboundRequest, name: string, value: string): InboundRequest {
  const raw = [...request.headers.pairs()].filter(([other]) => other !== name.toLowerCase()).flat()
  return { ...request, headers: new HeaderList([...raw, name, value]) }
}

function withQuery(url: string, name: string, value: string): string {
  const start = url.indexOf('?')
  const base = start === -1 ? url : url.slice(0, start)
  const query = start === -1 ? '' : url.slice(start + 1)
  return `${base}?${withPair(query, name, value)}`
}

function withField(body: Uint8Array, name: string, value: string): Buffer {
  const parts = readMultipart(body)
  if (parts !== undefined) return writeMultipart(body, parts, name, value)
  return Buffer.from(withPair(Buffer.from(body).toString('latin1'), name, value), 'latin1')
}

/** Every part anew, under the same boundary, the field last. */
function writeMultipart(body: Uint8Array, parts: readonly MultipartField[], name: string, value: string): Buffer {
  const boundary = Buffer.from(body).toString('latin1').split('\r\n', 1)[0]!
  const kept: MultipartField[] = parts.filter((part) => part.name !== name)
  const added = { name, filename: undefined, contentType: undefined, bytes: Buffer.from(value, 'utf8') }
  const chunks = [...kept, added].flatMap((part) => {
    const file = part.filename === undefined ? '' : `; filename="${part.filename}"`
    const type = part.contentType === undefined ? '' : `\r\nContent-Type: ${part.contentType}`
    const head = `${boundary}\r\nContent-Disposition: form-data; name="${part.name}"${file}${type}\r\n\r\n`
    return [Buffer.from(head, 'utf8'), part.bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([...chunks, Buffer.from(`${boundary}--\r\n`)])
}

/** Only the pair itself is written anew, so that all others keep their escapes. */
function withPair(text: string, name: string, value: string): string {
  const kept = text.split('&').filter((pair) => {
    const [read] = readForm(Buffer.from(pair, 'latin1'))
    return read !== undefined && formText(read.name) !== name
  })
  return [...kept, `${encodeURIComponent(name)}=${encodeURIComponent(value)}`].join('&')
}

/** Changes a body that is JSON, or the field of a form that holds JSON. */
function changeJson(body: Uint8Array, change: (value: unknown) => unknown): Buffer {
  const held = jsonIn(body)
  if (held === undefined) throw unsignable('the body is not JSON, so its signature has no member to stand in')
  const text = JSON.stringify(change(held.value))
  return held.field === undefined ? Buffer.from(text, 'utf8') : withField(body, held.field, text)
}

/** The JSON of a body, or that of the first field of a form that holds an object. */
export function jsonIn(body: Uint8Array): { readonly value: unknown; readonly field?: string } | undefined {
  const whole = parseJson(Buffer.from(body).toString('utf8'))
  if (whole !== undefined) return { value: whole }
  for (const { name, value } of readFields(body)) {
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

function setMember(value: unknown, path: readonly string[], member: string | number): unknown {
  let at = value
  for (const [index, name] of path.entries()) {
    if (!isObject(at) || Array.isArray(at)) throw unsignable(`the body has no object to hold ${path.join('.')}`)
    const holder: Record<string, unknown> = at
    if (index === path.length - 1) holder[name] = member
    else at = holder[name] ??= {}
  }
  return value
}
