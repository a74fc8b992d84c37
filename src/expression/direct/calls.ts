/**
 * JSONata's functions that the expressions of specs use most, for arguments of the plain kinds: the same results, and BAIL for
 * everything else. A call with another number of arguments is not compiled at all.
 */
import { BAIL, type Run } from './run.ts'
import { isTrue, textOf } from './values.ts'

interface DirectFunction {
  readonly min: number
  readonly max: number
  readonly call: (args: readonly unknown[], run: Run) => unknown
}

/** Where searching could take long; JSONata's side guards it. */
const MAX_SEARCH_WORK = 1_000_000
const NUMBER = /^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$/
const SURROGATE = /[\ud800-\udfff]/

export const DIRECT_FUNCTIONS: ReadonlyMap<string, DirectFunction> = new Map(
  Object.entries<DirectFunction>({
    exists: { min: 1, max: 1, call: ([value]) => value !== undefined },
    boolean: { min: 1, max: 1, call: ([value]) => (value === undefined ? undefined : isTrue(value)) },
    not: { min: 1, max: 1, call: ([value]) => (value === undefined ? undefined : !isTrue(value)) },
    string: { min: 1, max: 1, call: ([value]) => (value === undefined ? undefined : textOf(value)) },
    number: { min: 1, max: 1, call: ([value]) => toNumber(value) },
    type: { min: 1, max: 1, call: ([value]) => typeName(value) },
    count: { min: 1, max: 1, call: ([value]) => (value === undefined ? 0 : Array.isArray(value) ? value.length : 1) },
    lowercase: textFunction((text) => text.toLowerCase()),
    uppercase: textFunction((text) => text.toUpperCase()),
    trim: textFunction((text) => text.replace(/[ \t\n\r]+/g, ' ').replace(/^ | $/g, '')),
    length: textFunction((text) => plain(text).length),
    contains: searchFunction((text, token) => text.includes(token)),
    substringBefore: searchFunction((text, token) => {
      const at = text.indexOf(token)
      return at === -1 ? text : text.slice(0, at)
    }),
    substringAfter: searchFunction((text, token) => {
      const at = text.indexOf(token)
      return at === -1 ? text : text.slice(at + token.length)
    }),
    split: searchFunction((text, token, run) => {
      const parts = text.split(token)
      run.charge(parts.length)
      return parts
    }),
    replace: { min: 3, max: 3, call: replace },
    substring: { min: 2, max: 3, call: substring },
    join: { min: 1, max: 2, call: join },
    now: { min: 0, max: 0, call: (_args, run) => new Date(run.now).toISOString() },
    millis: { min: 0, max: 0, call: (_args, run) => run.now },
  }),
)

function textFunction(convert: (text: string) => unknown): DirectFunction {
  return {
    min: 1,
    max: 1,
    call([text], run) {
      if (text === undefined) return undefined
      if (typeof text !== 'string') throw BAIL
      run.chargeText(text.length)
      return convert(text)
    },
  }
}

function searchFunction(search: (text: string, token: string, run: Run) => unknown): DirectFunction {
  return {
    min: 2,
    max: 2,
    call([text, token], run) {
      // JSONata makes something of a missing token, which is not the same for all.
      if (typeof token !== 'string') throw BAIL
      if (text === undefined) return undefined
      if (typeof text !== 'string' || text.length * token.length > MAX_SEARCH_WORK) throw BAIL
      run.chargeText(text.length * Math.max(1, token.length))
      return search(text, token, run)
    },
  }
}

/** JSONata counts code points; so does `length` where there are no surrogates. */
function plain(text: string): string {
  if (SURROGATE.test(text)) throw BAIL
  return text
}

function substring([text, start, length]: readonly unknown[], run: Run): unknown {
  if (text === undefined) return undefined
  if (typeof text !== 'string' || typeof start !== 'number' || (length !== undefined && typeof length !== 'number'))
    throw BAIL
  run.chargeText(text.length)
  const from = plain(text).length + start < 0 ? 0 : start
  if (length === undefined) return text.slice(from)
  if (length <= 0) return ''
  return text.slice(from, from >= 0 ? from + length : text.length + from + length)
}

/** Of text by text; `$1` means nothing here. */
function replace([text, pattern, replacement]: readonly unknown[], run: Run): unknown {
  if (typeof pattern !== 'string' || pattern === '' || typeof replacement !== 'string') throw BAIL
  if (text === undefined) return undefined
  if (typeof text !== 'string' || text.length * Math.max(pattern.length, replacement.length) > MAX_SEARCH_WORK)
    throw BAIL
  run.chargeText(text.length * Math.max(pattern.length, replacement.length))
  return text.split(pattern).join(replacement)
}

function join([texts, separator]: readonly unknown[], run: Run): unknown {
  if (separator !== undefined && typeof separator !== 'string') throw BAIL
  if (texts === undefined) return undefined
  const list: unknown[] = Array.isArray(texts) ? texts : [texts]
  run.charge(list.length)
  let length = (separator?.length ?? 0) * list.length
  for (const text of list) {
    if (typeof text !== 'string') throw BAIL
    length += text.length
  }
  run.chargeText(length)
  return list.join(separator ?? '')
}

function toNumber(value: unknown): unknown {
  if (value === undefined || typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string' || value.length > 400 || !NUMBER.test(value) || !Number.isFinite(Number(value)))
    throw BAIL
  return Number.parseFloat(value)
}

function typeName(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'null'
  if (typeof value === 'number' && !Number.isFinite(value)) throw BAIL
  return Array.isArray(value) ? 'array' : typeof value
}
