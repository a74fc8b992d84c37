/**
 * Where a proof, or its time, stands in a request, so that it can be read, replaced, sent twice and taken out, wherever that is. Of a
 * batch each item has its own; there the first item's is meant.
 */
import type { Alternative } from '../../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../../domain/request.ts'
import { isObject, readDataPath, readMember } from '../../../verify/data-path.ts'
import { readFields, readQuery, valuesOf } from '../../../verify/form.ts'
import { describePlace, MAX_NUMBERED, type Place } from '../../../verify/place.ts'
import { compileFormatOf, signatureSourceOf } from '../../../verify/signature-source.ts'
import { memberPath } from '../../../verify/signing/request-edit.ts'
import { jsonOf, withBody, withFieldValues, withHeaderValues, withJson, withQueryValues } from './edits.ts'

export interface ValueSite {
  /** For people: `header x-signature`. */
  readonly place: string
  /** Whether the values stand in headers of this lower-case name, among others. */
  isHeader(name: string): boolean
  /** Every value that stands there. */
  read(request: InboundRequest): readonly string[]
  /** With these values there instead; with none it is taken out. Where one value is all there can be, the first counts. */
  write(request: InboundRequest, values: readonly string[]): InboundRequest
  /** Whether a request can carry more than one value there. */
  readonly repeats: boolean
}

export interface SiteSetting {
  readonly options: Readonly<Record<string, string>>
  readonly each?: string | undefined
}

/** Undefined for a place that an expression computes, and where no place is named. */
export function siteOf(place: Place | undefined, { options, each }: SiteSetting): ValueSite | undefined {
  if (place === undefined) return undefined
  const { header, aliases = [], header_option: option, numbered_header: numbered, query, form, body } = place
  const named = header ?? (option === undefined ? undefined : options[option])
  const common = { place: describePlace(place), isHeader: () => false, repeats: true }
  if (named !== undefined) return { ...common, ...headerSite([named, ...aliases].map((name) => name.toLowerCase())) }
  if (numbered !== undefined) return { ...common, ...numberedSite(numbered.toLowerCase()) }
  if (query !== undefined) {
    return {
      ...common,
      read: (request) => valuesOf(readQuery(request.url), query),
      write: (request, values) => withQueryValues(request, query, values),
    }
  }
  if (form !== undefined) {
    return {
      ...common,
      read: (request) => valuesOf(readFields(request.rawBody), form),
      write: (request, values) => withFieldValues(request, form, values),
    }
  }
  if (place.whole_body === true) {
    return {
      ...common,
      repeats: false,
      read: (request) => (request.rawBody.length === 0 ? [] : [Buffer.from(request.rawBody).toString('latin1')]),
      write: (request, [value = '']) => withBody(request, Buffer.from(value, 'latin1')),
    }
  }
  const path = memberPath(body ?? '', each === undefined ? 'body' : 'item')
  return path === undefined ? undefined : { ...common, repeats: false, ...memberSite(path, each) }
}

/** Where the alternative looks for its proof. */
export function proofSiteOf(alternative: Alternative, options: SiteSetting['options']): ValueSite | undefined {
  return siteOf(signatureSourceOf(alternative), { options, each: alternative.each })
}

type Site = Partial<ValueSite> & Pick<ValueSite, 'read' | 'write'>

/** The first of the names that the request has is the one that counts. */
function headerSite(names: readonly string[]): Site {
  const nameIn = (request: InboundRequest): string => names.find((name) => request.headers.has(name)) ?? names[0]!
  return {
    isHeader: (name) => names.includes(name),
    read: (request) => request.headers.all(nameIn(request)),
    write(request, values) {
      const bare = names.reduce((seen, name) => withHeaderValues(seen, name, []), request)
      return withHeaderValues(bare, nameIn(request), values)
    },
  }
}

function numberedSite(prefix: string): Site {
  const names = Array.from({ length: MAX_NUMBERED }, (_, at) => `${prefix}${at + 1}`)
  return {
    isHeader: (name) => names.includes(name),
    read: (request) => names.flatMap((name) => request.headers.all(name)),
    write(request, values) {
      const bare = names
        .filter((name) => request.headers.has(name))
        .reduce((seen, name) => withHeaderValues(seen, name, []), request)
      return values.reduce((seen, value, at) => withHeaderValues(seen, names[at]!, [value]), bare)
    },
  }
}

function memberSite(path: readonly string[], each: string | undefined): Site {
  const holderOf = (body: unknown): unknown => {
    const list = each === undefined ? body : readDataPath(body, each)
    const first: unknown = each === undefined ? list : Array.isArray(list) ? list[0] : undefined
    return readMember(first, path.slice(0, -1))
  }
  const name = path.at(-1)!
  return {
    read(request) {
      const value = readMember(holderOf(jsonOf(request)), [name])
      return typeof value === 'string' || typeof value === 'number' ? [String(value)] : []
    },
    write: (request, [value]) =>
      withJson(request, (body) => {
        const holder = holderOf(body)
        if (!isObject(holder)) return body
        if (value === undefined) delete holder[name]
        else holder[name] = typeof holder[name] === 'number' && /^\d+$/.test(value) ? Number(value) : value
        return body
      }),
  }
}

/** The signature itself within a value: without prefix, and out of a composite one as often as it stands in it. */
export interface ProofText {
  readonly texts: readonly string[]
  /** The value with every signature changed. */
  change(change: (text: string) => string): string
}

export function proofTextOf(alternative: Alternative, value: string): ProofText {
  const { prefix = '', group_separator: between, json, json_encoding: encoding } = signatureSourceOf(alternative) ?? {}
  const bare = value.startsWith(prefix) ? value.slice(prefix.length) : value
  const before = value.slice(0, value.length - bare.length)
  const format = compileFormatOf(alternative)
  if (format === undefined) return { texts: [bare], change: (change) => before + change(bare) }
  const sets = between === undefined ? [bare] : bare.split(between)
  const texts = sets.flatMap((set) => {
    const reading = format.read(set)
    return reading.kind === 'read' ? reading.signatures : []
  })
  if (json === undefined) {
    return {
      texts,
      change: (change) => before + [...new Set(texts)].reduce((text, one) => text.split(one).join(change(one)), bare),
    }
  }
  const member = json['signature']!
  const isEncoded = encoding === 'base64'
  return {
    texts,
    change(change) {
      const object = JSON.parse(isEncoded ? Buffer.from(bare, 'base64').toString('utf8') : bare) as Record<
        string,
        unknown
      >
      const written = JSON.stringify({ ...object, [member]: change(texts[0] ?? '') })
      return before + (isEncoded ? Buffer.from(written, 'utf8').toString('base64') : written)
    },
  }
}
