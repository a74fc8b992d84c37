/**
 * Facts as they may stand in a log: no secrets, no bodies, no values of unlimited size. Secrets that travel in `Secret` mask
 * themselves; this guards against those that do not, by the name they go under.
 */
import { Secret } from '../domain/secret.ts'

type Facts = Readonly<Record<string, unknown>>

const SECRET_NAMES = new Set([
  'authorization',
  'cookie',
  'setcookie',
  'password',
  'passphrase',
  'secret',
  'secrets',
  'clientsecret',
  'signingsecret',
  'token',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'ingresstoken',
  'apikey',
  'apikeys',
  'privatekey',
  'credentials',
  'signature',
])
const BODY_NAMES = new Set(['body', 'rawbody', 'payload', 'raw', 'text', 'html'])
/** Names that every line has of its own. */
const RESERVED_NAMES = new Set(['level', 'time', 'event'])
const MAX_DEPTH = 4
const MAX_TEXT = 2_000
const MAX_ITEMS = 50

/** A copy that can be logged. Costs well under a microsecond for the ten scalars of an ordinary line. */
export function loggable(facts: Facts): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const name in facts) {
    if (!Object.hasOwn(facts, name) || name === '__proto__') continue
    const value = facts[name]
    copy[RESERVED_NAMES.has(name) ? `${name}_` : name] =
      isPlain(value) && !isSensitive(name) ? value : masked(name, value, 0)
  }
  return copy
}

function isPlain(value: unknown): boolean {
  return (
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value === null ||
    (typeof value === 'string' && value.length <= MAX_TEXT)
  )
}

const known = new Map<string, boolean>()

/** Names are written by programmers, so there are few, and each is judged once. */
function isSensitive(name: string): boolean {
  let answer = known.get(name)
  if (answer === undefined) {
    const plain = name.toLowerCase().replace(/[^a-z]/g, '')
    answer = SECRET_NAMES.has(plain) || BODY_NAMES.has(plain)
    if (known.size < 1_000) known.set(name, answer)
  }
  return answer
}

function masked(name: string, value: unknown, depth: number): unknown {
  if (value === null || value === undefined) return value
  if (isSensitive(name)) return BODY_NAMES.has(name.toLowerCase().replace(/[^a-z]/g, '')) ? '[body]' : '[secret]'
  if (typeof value === 'string') return value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}…`
  if (typeof value !== 'object')
    return typeof value === 'bigint' ? value.toString() : typeof value === 'function' ? '[function]' : value
  if (value instanceof Secret) return '[secret]'
  if (value instanceof Error) return errorFacts(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? '[list]' : '[object]'
  if (value instanceof Set || Array.isArray(value)) {
    const items = [...value]
    const shown = items.slice(0, MAX_ITEMS).map((item) => masked('', item, depth + 1))
    return items.length > MAX_ITEMS ? [...shown, `and ${items.length - MAX_ITEMS} more`] : shown
  }
  const entries =
    value instanceof Map ? [...value].map(([key, item]) => [String(key), item] as const) : Object.entries(value)
  const shown = entries.slice(0, MAX_ITEMS).map(([key, item]) => [key, masked(key, item, depth + 1)] as const)
  return Object.fromEntries(shown)
}

/** With the stack, which is what an operator sends us, and what caused it. */
function errorFacts(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined
  return {
    name,
    message: message.slice(0, MAX_TEXT),
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack: stack.slice(0, 4_000) }),
    ...(cause === undefined || depth >= MAX_DEPTH ? {} : { cause: masked('cause', cause, depth + 1) }),
  }
}
