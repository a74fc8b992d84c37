/**
 * `application/x-www-form-urlencoded` (URL Standard §5.1), read for signatures: pairs in the order of the wire, `+` a space,
 * percent-escapes decoded, repeated names kept. Names and values stay bytes, written one byte per character, so that sorting is
 * by byte and text that is not UTF-8 survives until it is hashed.
 */
import { readMultipart } from '../domain/multipart.ts'

export interface FormPair {
  /** One character per byte (Latin-1); see `formText` for the text. */
  readonly name: string
  readonly value: string
}

/** The pairs of a form body. Never throws; an escape that is none stands for itself. */
export function readForm(body: Uint8Array): FormPair[] {
  return readPairs(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'))
}

/** The fields of a form body, be it url-encoded or `multipart/form-data`, which its first bytes tell apart; no files. */
export function readFields(body: Uint8Array): FormPair[] {
  const parts = body[0] === HYPHEN && body[1] === HYPHEN ? readMultipart(body) : undefined
  if (parts === undefined) return readForm(body)
  return parts
    .filter((part) => part.filename === undefined)
    .map((part) => ({ name: formBytes(part.name), value: Buffer.from(part.bytes).toString('latin1') }))
}

const HYPHEN = 0x2d

/** The pairs of the query of a URL. */
export function readQuery(url: string): FormPair[] {
  const start = url.indexOf('?')
  if (start === -1) return []
  const end = url.indexOf('#', start)
  return readPairs(url.slice(start + 1, end === -1 ? undefined : end))
}

/** The values of one name, as text, in order. */
export function valuesOf(pairs: readonly FormPair[], name: string): string[] {
  const bytes = formBytes(name)
  return pairs.filter((pair) => pair.name === bytes).map((pair) => formText(pair.value))
}

/** The text of a name or value: UTF-8, with U+FFFD for what is not. */
export function formText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The name or value for a text; the inverse of `formText`. */
export function formBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function readPairs(text: string): FormPair[] {
  const pairs: FormPair[] = []
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    pairs.push(
      equals === -1
        ? { name: unescape(part), value: '' }
        : { name: unescape(part.slice(0, equals)), value: unescape(part.slice(equals + 1)) },
    )
  }
  return pairs
}

function unescape(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
