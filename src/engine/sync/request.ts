/**
 * From a declared request to the call that is made: template, query, headers and body are computed, the next page's value is put where
 * it belongs. What an expression does not find is left out of query and form; in the URL it is an error, because a URL with a hole
 * names something else.
 */
import type { SyncExpression, SyncView } from '../../domain/expression.ts'
import type { CompiledRequest, CompiledValue, NamedValue, Place, Template } from '../../spec/compiled-sync.ts'
import { fail, ok, type Outcome } from './failure.ts'

/** A call that still lacks its credentials. */
export interface PreparedCall {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
  readonly timeoutMs: number
}

/** A value of the page for a place of the request. */
export interface Placed {
  readonly place: Place
  readonly value: string | number
}

export async function prepareCall(
  request: CompiledRequest,
  view: SyncView,
  placed: Placed | null,
): Promise<Outcome<PreparedCall>> {
  const url = await targetOf(request, view, placed)
  if (!url.ok) return url
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'Postern' }
  for (const { name, value } of request.headers) {
    const text = await fillTemplate(value, view, (part) => part)
    if (!text.ok) return text
    // Whatever a payload brings must not begin a header of its own.
    if (/[\r\n\0]/.test(text.value)) return fail('request_invalid', `the header ${name} would have a line break`)
    headers[name] = text.value
  }
  const body = await bodyOf(request, view, placed)
  if (!body.ok) return body
  if (body.value !== null) headers['content-type'] ??= body.value.contentType
  return ok({
    method: request.method,
    url: url.value,
    headers,
    body: body.value?.bytes ?? null,
    timeoutMs: request.timeoutMs,
  })
}

async function targetOf(request: CompiledRequest, view: SyncView, placed: Placed | null): Promise<Outcome<URL>> {
  if (placed?.place.part === 'url') return parseUrl(String(placed.value))
  const text = await fillUrl(request.url, view)
  if (!text.ok) return text
  const url = parseUrl(text.value)
  if (!url.ok) return url
  const fields = await fieldsOf(request.query, view)
  if (!fields.ok) return fields
  for (const [name, value] of fields.value) url.value.searchParams.append(name, value)
  if (placed?.place.part === 'query') url.value.searchParams.set(placed.place.path[0]!, String(placed.value))
  return url
}

async function bodyOf(
  request: CompiledRequest,
  view: SyncView,
  placed: Placed | null,
): Promise<Outcome<{ bytes: Uint8Array; contentType: string } | null>> {
  if (request.body.kind === 'form') {
    const fields = await fieldsOf(request.body.fields, view)
    if (!fields.ok) return fields
    const form = new URLSearchParams(fields.value)
    if (placed?.place.part === 'form') form.set(placed.place.path[0]!, String(placed.value))
    return ok({ bytes: Buffer.from(form.toString()), contentType: 'application/x-www-form-urlencoded' })
  }
  if (request.body.kind === 'none') return ok(null)
  const value = await evaluate(request.body.value, view)
  if (!value.ok) return value
  const json = placed?.place.part === 'body' ? withMember(value.value, placed.place.path, placed.value) : value.value
  return ok({ bytes: Buffer.from(JSON.stringify(json ?? {})), contentType: 'application/json' })
}

/** A copy in which the member at this path has this value; objects on the way are made where they lack. */
function withMember(value: unknown, path: readonly string[], member: unknown): unknown {
  const [name, ...rest] = path
  if (name === undefined) return member
  const object = typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  const before = Object.hasOwn(object, name) ? (Reflect.get(object, name) as unknown) : undefined
  return { ...object, [name]: withMember(before, rest, member) }
}

async function fieldsOf(named: readonly NamedValue[], view: SyncView): Promise<Outcome<[string, string][]>> {
  const fields: [string, string][] = []
  for (const { name, value } of named) {
    const computed = await valueOf(value, view)
    if (!computed.ok) return computed
    for (const text of textsOf(computed.value)) fields.push([name, text])
  }
  return ok(fields)
}

async function valueOf(value: CompiledValue, view: SyncView): Promise<Outcome<unknown>> {
  return typeof value === 'string' ? ok(value) : evaluate(value, view)
}

/** A list is one field for each of its items. */
function textsOf(value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value.flatMap(textsOf)
  return [typeof value === 'string' ? value : JSON.stringify(value)]
}

/**
 * At its very beginning a URL template may take scheme and host from a value; further on values are percent-encoded, so that none of
 * them can leave its place, and in a host only what a host is made of may stand.
 */
async function fillUrl(template: Template, view: SyncView): Promise<Outcome<string>> {
  let isFirst = true
  let before = ''
  const filled = await fillTemplate(
    template,
    view,
    (part) => {
      const isInHost = /^https?:\/\/[^/?#]*$/i.test(before)
      const text = isFirst ? part.replace(/\/+$/, '') : isInHost ? hostText(part) : encodeURIComponent(part)
      isFirst = false
      before += text
      return text
    },
    (fixed) => {
      isFirst = false
      before += fixed
    },
  )
  return filled
}

function hostText(part: string): string {
  return /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(part) ? part : '%'
}

async function fillTemplate(
  template: Template,
  view: SyncView,
  write: (part: string) => string,
  onFixed: (text: string) => void = () => undefined,
): Promise<Outcome<string>> {
  let text = ''
  for (const part of template) {
    if (typeof part === 'string') {
      onFixed(part)
      text += part
      continue
    }
    const value = await evaluate(part, view)
    if (!value.ok) return value
    if (!['string', 'number', 'boolean'].includes(typeof value.value) || value.value === '') {
      return fail('request_invalid', `{${part.source}} gives no text for the request`, {
        hint: 'Set it on the connection, or correct the expression.',
      })
    }
    text += write(String(value.value))
  }
  return ok(text)
}

/** The URL of a token endpoint or another template without page. */
export async function urlFrom(template: Template, view: SyncView): Promise<Outcome<URL>> {
  const text = await fillUrl(template, view)
  return text.ok ? parseUrl(text.value) : text
}

function parseUrl(text: string): Outcome<URL> {
  const url = URL.canParse(text) ? new URL(text) : null
  const isUsable =
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.username === '' &&
    url.password === ''
  return isUsable ? ok(url) : fail('request_invalid', `${text.slice(0, 200)} is not an http or https URL`)
}

export async function evaluate(expression: SyncExpression, view: SyncView): Promise<Outcome<unknown>> {
  const evaluating = expression.evaluate(view)
  const result = evaluating instanceof Promise ? await evaluating : evaluating
  if (result.ok) return ok(result.value)
  return fail('expression_failed', `${result.detail} in: ${expression.source.slice(0, 300)}`, {
    hint: 'Try the declaration against a recorded answer: postern sync try',
  })
}
