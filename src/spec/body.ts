/**
 * Decoding of bodies, as the spec says and never as the sender says. A body that fits none of the spec's kinds is unreadable: it
 * is kept and forwarded as text, without being attributed to anybody.
 */
import { isUtf8 } from 'node:buffer'
import { gunzipSync } from 'node:zlib'
import { parseLossless } from '../domain/json-text.ts'
import { type MultipartField, readMultipart } from '../domain/multipart.ts'
import { parseXml } from '../domain/xml.ts'
import type { BodyKind as BodyKindClause } from '../domain/provider-spec.gen.ts'
import { decodeBytes } from '../verify/encoding.ts'

export type BodyKind = TextKind | BinaryKind

type TextKind =
  | { readonly kind: 'json' | 'form' | 'text' | 'empty' | 'json_lines' | 'jwt' }
  | { readonly kind: 'form_json'; readonly field: string }
  | { readonly kind: 'xml'; readonly lists: readonly string[] }

type BinaryKind =
  | { readonly kind: 'multipart' }
  | { readonly kind: 'multipart_json'; readonly field: string }
  | { readonly kind: 'gzip'; readonly holds: 'json' | 'json_lines' | 'form' | 'text' }

export type DecodedBody =
  | {
      readonly kind: BodyKind['kind']
      /** What expressions see as `body`. */
      readonly value: unknown
      /** What is forwarded: JSON text, in the provider's own bytes where the body is JSON. */
      readonly payload: { readonly kind: 'json' | 'text'; readonly bytes: Uint8Array; readonly contentType: string }
    }
  | {
      readonly kind: 'unreadable'
      readonly detail: string
      readonly payload: { readonly kind: 'text'; readonly bytes: Uint8Array; readonly contentType: string }
    }

/** What a compressed body may grow to. */
const MAX_UNZIPPED = 16 * 1_048_576

export function bodyKindsOf(clause: BodyKindClause | readonly BodyKindClause[] | undefined): readonly BodyKind[] {
  if (clause === undefined) return [{ kind: 'json' }]
  return (Array.isArray(clause) ? (clause as readonly BodyKindClause[]) : [clause as BodyKindClause]).map(bodyKindOf)
}

function bodyKindOf(clause: BodyKindClause): BodyKind {
  if (clause === 'xml') return { kind: 'xml', lists: [] }
  if (typeof clause === 'string') return { kind: clause }
  if ('form_json' in clause) return { kind: 'form_json', field: clause.form_json }
  if ('multipart_json' in clause) return { kind: 'multipart_json', field: clause.multipart_json }
  return 'xml_lists' in clause ? { kind: 'xml', lists: clause.xml_lists } : { kind: 'gzip', holds: clause.gzip }
}

/** Tries the kinds in order. Never throws. */
export function decodeBody(kinds: readonly BodyKind[], rawBody: Uint8Array): DecodedBody {
  const bytes = withoutByteOrderMark(rawBody)
  const complaints: string[] = []
  let text: string | undefined
  const isText = isUtf8(rawBody)
  for (const kind of kinds) {
    const decoded = isBinary(kind)
      ? decodeBinary(kind, rawBody)
      : isText
        ? decodeText(kind, bytes, (text ??= textOf(bytes)))
        : 'the body is not valid UTF-8'
    if (typeof decoded !== 'string') return decoded
    if (!complaints.includes(decoded)) complaints.push(decoded)
  }
  return unreadable(rawBody, complaints.join('; '), isText ? 'text/plain; charset=utf-8' : 'application/octet-stream')
}

function isBinary(kind: BodyKind): kind is BinaryKind {
  return kind.kind === 'gzip' || kind.kind === 'multipart' || kind.kind === 'multipart_json'
}

/** The decoded body, or why it does not fit. */
function decodeText(kind: TextKind, bytes: Uint8Array, text: string): DecodedBody | string {
  switch (kind.kind) {
    case 'json': {
      if (bytes.length === 0) return 'the body is empty where JSON is expected'
      const parsed = parseLossless(text)
      if (!parsed.ok) return 'the body is not JSON'
      return { kind: 'json', value: parsed.value, payload: { kind: 'json', bytes, contentType: 'application/json' } }
    }
    case 'form': {
      if (!isForm(text)) return 'the body is not a url-encoded form'
      return asJson('form', formFields(text))
    }
    case 'form_json': {
      if (!isForm(text)) return 'the body is not a url-encoded form'
      return decodeField('form_json', kind.field, new URLSearchParams(text).getAll(kind.field))
    }
    case 'json_lines': {
      const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
      const parsed = lines.map(parseLossless)
      if (lines.length === 0 || parsed.some((line) => !line.ok)) return 'a line of the body is not JSON'
      const value = parsed.map((line) => (line.ok ? line.value : undefined))
      return { kind: 'json_lines', value, payload: json(`[${lines.join(',')}]`) }
    }
    case 'xml': {
      const parsed = parseXml(text, kind)
      return parsed.ok ? asJson('xml', parsed.value) : `the body is not XML: ${parsed.detail}`
    }
    case 'jwt': {
      const [, claims] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(text) ?? []
      const decoded = claims === undefined ? undefined : decodeBytes(claims, 'base64url')
      const parsed = decoded === undefined || !isUtf8(decoded) ? undefined : parseLossless(textOf(decoded))
      if (parsed?.ok !== true) return 'the body is not a compact token'
      return { kind: 'jwt', value: parsed.value, payload: json(textOf(decoded!)) }
    }
    case 'text':
      return { kind: 'text', value: text, payload: { kind: 'text', bytes, contentType: 'text/plain; charset=utf-8' } }
    case 'empty':
      return bytes.length === 0 ? { kind: 'empty', value: {}, payload: json('{}') } : 'the body is not empty'
  }
}

function decodeBinary(kind: BinaryKind, rawBody: Uint8Array): DecodedBody | string {
  if (kind.kind === 'gzip') {
    const bytes = unzip(rawBody)
    if (bytes === undefined) return 'the body is not compressed with gzip, or grows too large'
    return isUtf8(bytes) ? decodeText({ kind: kind.holds }, bytes, textOf(bytes)) : 'the body is not valid UTF-8'
  }
  const fields = readMultipart(rawBody)
  if (fields === undefined) return 'the body is not multipart/form-data'
  if (fields.some((field) => field.filename === undefined && !isUtf8(field.bytes))) return 'a field is not valid UTF-8'
  if (kind.kind === 'multipart') return asJson('multipart', multipartFields(fields))
  const texts = fields.filter((field) => field.name === kind.field && field.filename === undefined)
  return decodeField(
    'multipart_json',
    kind.field,
    texts.map((field) => textOf(field.bytes)),
  )
}

/** JSON in the one field of this name. */
function decodeField(kind: BodyKind['kind'], name: string, texts: readonly string[]): DecodedBody | string {
  if (texts.length !== 1) return `the form has ${texts.length} fields called ${name} where one is expected`
  const parsed = parseLossless(texts[0]!)
  if (!parsed.ok) return `the form field ${name} is not JSON`
  return { kind, value: parsed.value, payload: json(texts[0]!) }
}

function multipartFields(fields: readonly MultipartField[]): Record<string, unknown> {
  const pairs = fields.map(({ name, filename, contentType, bytes }) => {
    const file = { filename, ...(contentType === undefined ? {} : { content_type: contentType }), size: bytes.length }
    return [name, filename === undefined ? textOf(bytes) : file] as const
  })
  return recordOf(pairs)
}

function unzip(bytes: Uint8Array): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNZIPPED })
  } catch {
    return undefined
  }
}

/** Name to value; a repeated name is an array. Without prototype, so any name is a plain key. */
export function formFields(text: string): Record<string, string | string[]> {
  return recordOf(new URLSearchParams(text))
}

function recordOf<T>(pairs: Iterable<readonly [string, T]>): Record<string, T | T[]> {
  const record = Object.create(null) as Record<string, T | T[]>
  for (const [name, value] of pairs) {
    const seen = record[name]
    if (seen === undefined) record[name] = value
    else if (Array.isArray(seen)) seen.push(value)
    else record[name] = [seen, value]
  }
  return record
}

function asJson(kind: BodyKind['kind'], value: unknown): DecodedBody {
  return { kind, value, payload: json(JSON.stringify(value)) }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** The url-encoded serializer (WHATWG URL §5.2) leaves no blank, control, quote or bracket standing; JSON and XML always have some. */
function isForm(text: string): boolean {
  return text.includes('=') && !/[\s"<>{}]/.test(text)
}

function json(text: string): { kind: 'json'; bytes: Uint8Array; contentType: string } {
  return { kind: 'json', bytes: Buffer.from(text, 'utf8'), contentType: 'application/json' }
}

function unreadable(bytes: Uint8Array, detail: string, contentType: string): DecodedBody {
  return { kind: 'unreadable', detail, payload: { kind: 'text', bytes, contentType } }
}

function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}
