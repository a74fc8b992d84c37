/**
 * Requests with one value put where a clause says: the counterpart of place.ts, for signing. Every function gives a new request; a
 * value that stands there already is replaced.
 */
import { GatewayError } from '../../domain/errors.ts'
import { HeaderList, type InboundRequest } from '../../domain/request.ts'
import { isObject, readDataPath } from '../data-path.ts'
import { formText, readForm } from '../form.ts'
import { describePlace, type Place } from '../place.ts'

/** Throws `usage_invalid` for a body expression that is more than a path, and for a body that has no such member. */
export function withValue(request: InboundRequest, place: Place, value: string | number): InboundRequest {
  if (place.header !== undefined) return withHeader(request, place.header, String(value))
  if (place.query !== undefined) return { ...request, url: withQuery(request.url, place.query, String(value)) }
  if (place.form !== undefined) return { ...request, rawBody: withField(request.rawBody, place.form, String(value)) }
  const path = memberPath(place.body ?? '', 'body')
  if (path === undefined) throw unsignable(`${describePlace(place)} is computed, so nothing can be put there`)
  return { ...request, rawBody: changeJson(request.rawBody, (body) => setMember(body, path, value)) }
}

/** Puts the value into every item of a batch. */
export function withItemValue(request: InboundRequest, each: string, item: string, value: string): InboundRequest {
  const path = memberPath(item, 'item')
  if (path === undefined) throw unsignable(`${item} is computed, so nothing can be put there`)
  const change = (body: unknown): unknown => {
    const items = readDataPath(body, each)
    if (!Array.isArray(items)) throw unsignable(`the body has no array ${each}`)
    for (const one of items) setMember(one, path, value)
    return body
  }
  return { ...request, rawBody: changeJson(request.rawBody, change) }
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
  return Buffer.from(withPair(Buffer.from(body).toString('latin1'), name, value), 'latin1')
}

/** Only the pair itself is written anew, so that all others keep their escapes. */
function withPair(text: string, name: string, value: string): string {
  const kept = text.split('&').filter((pair) => {
    const [read] = readForm(Buffer.from(pair, 'latin1'))
    return read !== undefined && formText(read.name) !== name
  })
  return [...kept, `${encodeURIComponent(name)}=${encodeURIComponent(value)}`].join('&')
}

function changeJson(body: Uint8Array, change: (value: unknown) => unknown): Buffer {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    throw unsignable('the body is not JSON, so its signature has no member to stand in')
  }
  return Buffer.from(JSON.stringify(change(value)), 'utf8')
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
