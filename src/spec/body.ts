/**
 * Decoding of bodies, as the spec says and never as the sender says. A body that fits none of the spec's kinds is unreadable: it
 * is kept and forwarded as text, without being attributed to anybody.
 */
import { isUtf8 } from 'node:buffer'
import { parseLossless } from '../domain/json-text.ts'
import type { BodyKind as BodyKindClause } from '../domain/provider-spec.gen.ts'

export type BodyKind =
  | { readonly kind: 'json' | 'form' | 'text' | 'empty' }
  | { readonly kind: 'form_json'; readonly field: string }

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

export function bodyKindsOf(clause: BodyKindClause | readonly BodyKindClause[] | undefined): readonly BodyKind[] {
  if (clause === undefined) return [{ kind: 'json' }]
  const list = Array.isArray(clause) ? (clause as readonly BodyKindClause[]) : [clause as BodyKindClause]
  return list.map((one) => (typeof one === 'string' ? { kind: one } : { kind: 'form_json', field: one.form_json }))
}

/** Tries the kinds in order. Never throws. */
export function decodeBody(kinds: readonly BodyKind[], rawBody: Uint8Array): DecodedBody {
  if (!isUtf8(rawBody)) return unreadable(rawBody, 'the body is not valid UTF-8', 'application/octet-stream')
  const bytes = withoutByteOrderMark(rawBody)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const complaints: string[] = []
  for (const kind of kinds) {
    const decoded = decodeAs(kind, bytes, text)
    if (typeof decoded !== 'string') return decoded
    complaints.push(decoded)
  }
  return unreadable(rawBody, complaints.join('; '), 'text/plain; charset=utf-8')
}

/** The decoded body, or why it does not fit. */
function decodeAs(kind: BodyKind, bytes: Uint8Array, text: string): DecodedBody | string {
  switch (kind.kind) {
    case 'json': {
      if (bytes.length === 0) return 'the body is empty where JSON is expected'
      const parsed = parseLossless(text)
      if (!parsed.ok) return 'the body is not JSON'
      return { kind: 'json', value: parsed.value, payload: { kind: 'json', bytes, contentType: 'application/json' } }
    }
    case 'form': {
      if (!isForm(text)) return 'the body is not a url-encoded form'
      const value = formFields(text)
      return { kind: 'form', value, payload: json(JSON.stringify(value)) }
    }
    case 'form_json': {
      if (!isForm(text)) return 'the body is not a url-encoded form'
      const fields = new URLSearchParams(text).getAll(kind.field)
      if (fields.length !== 1) return `the form has ${fields.length} fields called ${kind.field} where one is expected`
      const parsed = parseLossless(fields[0]!)
      if (!parsed.ok) return `the form field ${kind.field} is not JSON`
      return { kind: 'form_json', value: parsed.value, payload: json(fields[0]!) }
    }
    case 'text':
      return { kind: 'text', value: text, payload: { kind: 'text', bytes, contentType: 'text/plain; charset=utf-8' } }
    case 'empty':
      return bytes.length === 0 ? { kind: 'empty', value: {}, payload: json('{}') } : 'the body is not empty'
  }
}

/** Name to value; a repeated name is an array. Without prototype, so any name is a plain key. */
export function formFields(text: string): Record<string, string | string[]> {
  const fields = Object.create(null) as Record<string, string | string[]>
  for (const [name, value] of new URLSearchParams(text)) {
    const seen = fields[name]
    if (seen === undefined) fields[name] = value
    else if (Array.isArray(seen)) seen.push(value)
    else fields[name] = [seen, value]
  }
  return fields
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
