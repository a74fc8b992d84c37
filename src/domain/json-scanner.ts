/**
 * Finds the members and items of a JSON text by their places in its UTF-8 bytes. It trusts that `JSON.parse` accepts the text and
 * answers -1 or null where it loses its way; every byte that it looks for is ASCII, which never occurs inside a longer UTF-8
 * sequence. It walks with a counter and not with the call stack, so the depth of the text is of no matter.
 */
export const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
export const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a

/** A member of an object or an item of an array, by its places in the text. */
export interface Entry {
  /** Just after the bracket or comma before it. */
  readonly start: number
  /** The key with its quotes; an item of an array has none, and both are the place of its value. */
  readonly keyStart: number
  readonly keyEnd: number
  readonly value: number
  /** Just after the value. */
  readonly end: number
  /** The comma or bracket that follows. */
  readonly next: number
}

/** Where the value begins, after white space and a byte order mark. */
export function startOfText(bytes: Uint8Array): number {
  return skipSpace(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = bytes[at]) at += 1
  return at
}

/** From the opening quote to just after the closing one, or -1. */
function skipString(bytes: Uint8Array, quote: number): number {
  for (let at = quote + 1; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at += 1
  }
  return -1
}

/** From the first byte of a value to just after its last, or -1. */
export function skipValue(bytes: Uint8Array, from: number): number {
  const first = bytes[from]
  if (first === QUOTE) return skipString(bytes, from)
  let at = from
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) {
    while (at < bytes.length && !isDelimiter(bytes[at]!)) at += 1
    return at === from ? -1 : at
  }
  let depth = 0
  while (at < bytes.length) {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      at = skipString(bytes, at)
      if (at === -1) return -1
      continue
    }
    at += 1
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return -1
}

function isDelimiter(byte: number): boolean {
  return byte <= 0x20 || byte === COMMA || byte === COLON || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY
}

/** The entries of the object or array that opens at `open`, or null where the text is not as it should be. */
export function entriesOf(bytes: Uint8Array, open: number): Entry[] | null {
  const isObject = bytes[open] === OPEN_OBJECT
  const close = isObject ? CLOSE_OBJECT : CLOSE_ARRAY
  const entries: Entry[] = []
  let start = open + 1
  if (bytes[skipSpace(bytes, start)] === close) return entries
  for (;;) {
    const keyStart = skipSpace(bytes, start)
    let keyEnd = keyStart
    let value = keyStart
    if (isObject) {
      keyEnd = bytes[keyStart] === QUOTE ? skipString(bytes, keyStart) : -1
      if (keyEnd === -1) return null
      const colon = skipSpace(bytes, keyEnd)
      if (bytes[colon] !== COLON) return null
      value = skipSpace(bytes, colon + 1)
    }
    const end = skipValue(bytes, value)
    if (end === -1) return null
    const next = skipSpace(bytes, end)
    entries.push({ start, keyStart, keyEnd, value, end, next })
    if (bytes[next] === close) return entries
    if (bytes[next] !== COMMA) return null
    start = next + 1
  }
}

/** The key of a member as `JSON.parse` would name it, or null where its escapes are not JSON. */
export function keyOf(bytes: Uint8Array, member: Entry): string | null {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8', member.keyStart + 1, member.keyEnd - 1)
  if (!text.includes('\\')) return text
  try {
    const key: unknown = JSON.parse(`"${text}"`)
    return typeof key === 'string' ? key : null
  } catch {
    return null
  }
}
