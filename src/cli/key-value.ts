/**
 * `key=value` arguments. Dots in a key lead to members within members; a key that comes again makes a list. A value is a number or a
 * boolean only where its text comes back from it unchanged, so an id beyond 2^53, a leading zero or `1.0` stays the text it is; in
 * double quotes everything is text.
 */
import type { JsonObject, JsonValue } from '../domain/connection.ts'
import { GatewayError } from '../domain/errors.ts'

const KEY = /^[A-Za-z_$][\w$@:-]*(?:\.[\w$@:-]+)*$/

export function isPair(text: string): boolean {
  const equals = text.indexOf('=')
  return equals > 0 && KEY.test(text.slice(0, equals))
}

/** Throws `usage_invalid`, naming the option, for what is no pair and for keys that contradict each other. */
export function objectOf(pairs: readonly string[], option: string): JsonObject {
  const object: JsonObject = {}
  for (const pair of pairs) {
    const { key, value } = split(pair, option)
    const names = key.split('.')
    let holder = object
    for (const name of names.slice(0, -1)) {
      const next = Object.hasOwn(holder, name) ? holder[name] : (holder[name] = {})
      if (typeof next !== 'object' || next === null || Array.isArray(next)) throw contradiction(option, key)
      holder = next
    }
    const last = names.at(-1) ?? key
    const before = Object.hasOwn(holder, last) ? holder[last] : undefined
    if (before === undefined) holder[last] = valueOf(value)
    else if (Array.isArray(before)) before.push(valueOf(value))
    else if (typeof before === 'object') throw contradiction(option, key)
    else holder[last] = [before, valueOf(value)]
  }
  return object
}

/** Names with texts, nothing nested. */
export function textsOf(pairs: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const { key, value } = split(pair, option)
      return [key, value]
    }),
  )
}

function split(pair: string, option: string): { key: string; value: string } {
  const key = pair.slice(0, Math.max(0, pair.indexOf('=')))
  if (isPair(pair) && !key.split('.').includes('__proto__')) return { key, value: pair.slice(key.length + 1) }
  throw new GatewayError({
    code: 'usage_invalid',
    message: `${option} ${pair} is not of the form key=value.`,
    hint: `Write it like ${option} team.id=T0123ABCD`,
  })
}

function valueOf(text: string): JsonValue {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?[0-9]+(\.[0-9]+)?$/.test(text) && String(Number(text)) === text) return Number(text)
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

function contradiction(option: string, key: string): GatewayError {
  return new GatewayError({
    code: 'usage_invalid',
    message: `${option} ${key} is given both as a value and as something with members.`,
    hint: 'Keep one of the two.',
  })
}
