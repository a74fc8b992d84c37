/**
 * JSON as text. A payload travels through the gateway byte for byte (key order, number text, white space), so what must be taken
 * out of it is cut out of the text and nothing is written anew. The cutting functions work on UTF-8 bytes and take a text that
 * `JSON.parse` accepts; a byte order mark in front is tolerated.
 */
import { type Cut, cutEntries, withoutCuts } from './json-cuts.ts'
import { isNested, keepNestedItems } from './json-batch.ts'
import { entriesOf, keyOf, OPEN_ARRAY, OPEN_OBJECT, skipValue, startOfText } from './json-scanner.ts'

/**
 * Removes from the array at `path` (an empty path is the top level) every item whose position is not among `positions`. Null when
 * there is no such array or no such item: then nothing may be forwarded, since the whole would hold what belongs to others. Of a
 * nested batch (`[]` or `*` in the path) positions count through all its arrays, see json-batch.ts.
 */
export function keepItems(bytes: Uint8Array, path: readonly string[], positions: readonly number[]): Uint8Array | null {
  if (isNested(path)) return keepNestedItems(bytes, path, positions)
  const cuts: Cut[] = []
  let at = startOfText(bytes)
  for (const name of path) {
    const members = bytes[at] === OPEN_OBJECT ? entriesOf(bytes, at) : null
    if (members === null) return null
    const named = members.map((member) => keyOf(bytes, member) === name)
    const last = named.lastIndexOf(true) // the one that JSON.parse takes, and that the positions were counted in
    if (last === -1) return null
    // Earlier members of the same name are invisible to a parser, but they would carry all items to whoever reads the text.
    named[last] = false
    cutEntries(members, named, cuts)
    at = members[last]!.value
  }
  const items = bytes[at] === OPEN_ARRAY ? entriesOf(bytes, at) : null
  if (items === null) return null
  const isCut: boolean[] = Array.from(items, () => true)
  for (const position of positions) {
    if (position >= items.length) return null
    isCut[position] = false
  }
  cutEntries(items, isCut, cuts)
  cuts.sort((a, b) => a.from - b.from) // a duplicate may stand before or after what lies deeper
  return withoutCuts(bytes, cuts)
}

/**
 * Removes the members at these paths, each with its comma, however often they occur and however their keys are escaped. `[]` in a
 * path is every item of an array. A path that leads nowhere removes nothing; with nothing to remove the same bytes come back. Throws
 * on a text that is not JSON, as the members might still be in it.
 */
export function removeMembers(bytes: Uint8Array, paths: readonly (readonly string[])[]): Uint8Array {
  const cuts: Cut[] = []
  if (!findCuts(bytes, startOfText(bytes), treeOf(paths), cuts))
    throw new Error('members can be removed from JSON text only')
  return withoutCuts(bytes, cuts)
}

/** Paths with their common beginnings laid together. */
interface PathTree {
  isRemoved: boolean
  readonly below: Map<string, PathTree>
}

function treeOf(paths: readonly (readonly string[])[]): PathTree {
  const root: PathTree = { isRemoved: false, below: new Map() }
  for (const path of paths) {
    let node = root
    for (const name of path) {
      let next = node.below.get(name)
      if (next === undefined) node.below.set(name, (next = { isRemoved: false, below: new Map() }))
      node = next
    }
    if (path.length > 0) node.isRemoved = true
  }
  return root
}

/** Goes as deep as the paths do, which a spec has written. False where the text is not as it should be. */
function findCuts(bytes: Uint8Array, at: number, tree: PathTree, cuts: Cut[]): boolean {
  const isObject = bytes[at] === OPEN_OBJECT
  if (!isObject && bytes[at] !== OPEN_ARRAY) return skipValue(bytes, at) !== -1
  const entries = entriesOf(bytes, at)
  if (entries === null) return false
  const trees: (PathTree | undefined)[] = []
  for (const entry of entries) {
    const name = isObject ? keyOf(bytes, entry) : '[]'
    if (name === null) return false
    trees.push(isObject && name === '[]' ? undefined : tree.below.get(name))
  }
  const isCut = trees.map((each) => each?.isRemoved === true)
  return cutEntries(entries, isCut, cuts, (index) => {
    const next = trees[index]
    return next === undefined || next.below.size === 0 || findCuts(bytes, entries[index]!.value, next, cuts)
  })
}

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  /** `detail` says where, and quotes nothing of the text. */
  | { readonly ok: false; readonly detail: string }

/** Without one of these in the text, `JSON.parse` loses nothing: a 16-digit run, or an exponent of three digits. */
const MAY_LOSE = /\d{16}|\d[eE]\+?\d{3}/

/**
 * `JSON.parse`, but an integer outside ±(2^53 − 1) becomes a string with its exact digits, and a number too large for a double
 * (`1e400`) the string of its own text. Numbers with a fraction or an exponent otherwise stay numbers. A `__proto__` key is an own
 * member like any other.
 */
export function parseLossless(text: string): ParsedJson {
  if (MAY_LOSE.test(text)) {
    const parsed = parse(quoteLossyNumbers(text))
    if (parsed.ok) return parsed
    // fails again, and then the position in `detail` is the one in the text that was given
  }
  return parse(text)
}

function parse(text: string): ParsedJson {
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    // V8 quotes part of the text in its message, and that may be a secret.
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined
    return { ok: false, detail: position === undefined ? 'not valid JSON' : `not valid JSON at character ${position}` }
  }
}

/** Puts quotes around the numbers that a double cannot hold. What was invalid stays invalid: see the test against JSON.parse. */
function quoteLossyNumbers(text: string): string {
  const pieces: string[] = []
  let copied = 0
  let at = 0
  while (at < text.length) {
    const quote = text.indexOf('"', at)
    const end = quote === -1 ? text.length : quote
    while (at < end) {
      if (!isNumberCode(text.charCodeAt(at))) {
        at += 1
        continue
      }
      const from = at
      while (at < end && isNumberCode(text.charCodeAt(at))) at += 1
      // A number before a colon is an error that quotes would heal.
      if (at - from >= 5 && isLossy(text.slice(from, at)) && !isColonNext(text, at)) {
        pieces.push(text.slice(copied, from), '"', text.slice(from, at), '"')
        copied = at
      }
    }
    if (quote === -1) break
    at = endOfString(text, quote)
    if (at === -1) break
  }
  pieces.push(text.slice(copied))
  return pieces.join('')
}

const NUMBER = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const MAX_SAFE_DIGITS = String(Number.MAX_SAFE_INTEGER)

function isLossy(token: string): boolean {
  const parts = NUMBER.exec(token)
  if (parts === null) return false
  if (parts[1] !== undefined || parts[2] !== undefined) return !Number.isFinite(Number(token))
  const digits = token.startsWith('-') ? token.slice(1) : token
  return digits.length === MAX_SAFE_DIGITS.length ? digits > MAX_SAFE_DIGITS : digits.length > MAX_SAFE_DIGITS.length
}

function isNumberCode(code: number): boolean {
  // digits, "-", "+", ".", "e", "E"
  return (code >= 48 && code <= 57) || code === 45 || code === 43 || code === 46 || code === 101 || code === 69
}

function isColonNext(text: string, from: number): boolean {
  let at = from
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at += 1
  return text.charAt(at) === ':'
}

const BACKSLASH = 0x5c

/** Just after the closing quote, or -1. */
function endOfString(text: string, quote: number): number {
  let close = text.indexOf('"', quote + 1)
  while (close !== -1) {
    let before = close - 1
    while (text.charCodeAt(before) === BACKSLASH) before -= 1
    if ((close - before) % 2 === 1) return close + 1
    close = text.indexOf('"', close + 1)
  }
  return -1
}
