/**
 * Results as plain data. What comes out of JSONata are sequences with methods of their own, objects of another realm, sometimes
 * functions or handles of secrets; what leaves here is what `JSON.parse` could have made, of a size that others can afford.
 */
import { BoundExceeded, ExpressionFailure } from './failure.ts'
import { SecretHandle } from './secret-handle.ts'

/** Values in a result: a list of 20,000 events with four members each. Copying so many takes some 5 ms. */
const MAX_VALUES = 100_000
const MAX_CHARACTERS = 16 * 1024 * 1024
const MAX_DEPTH = 1_000

/** A copy, or the value itself where it is no object. Throws for functions, secrets and what is too large. */
export function toPlainData(value: unknown): unknown {
  return typeof value === 'object' || typeof value === 'function' ? new Copying().copy(value, 0) : value
}

class Copying {
  #values = 0
  #characters = 0

  copy(value: unknown, depth: number): unknown {
    this.#values += 1
    if (typeof value === 'string') this.#characters += value.length
    if (this.#values > MAX_VALUES || this.#characters > MAX_CHARACTERS || depth > MAX_DEPTH) {
      throw new BoundExceeded('the result is too large')
    }
    if (typeof value === 'function') throw new ExpressionFailure('the result is or contains a function')
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof SecretHandle) throw new ExpressionFailure('the result is or contains a secret')
    // JSONata's own functions are objects with a function in them; stop before their environments.
    if (isFunctionObject(value)) throw new ExpressionFailure('the result is or contains a function')
    if (Array.isArray(value)) return Array.from(value, (item) => this.copy(item, depth + 1))
    const members: Record<string, unknown> = {}
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue
      setMember(members, key, this.copy(member, depth + 1))
    }
    return members
  }
}

/** An own member, whatever its name. */
export function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

function isFunctionObject(value: object): boolean {
  const { implementation, apply } = value as { implementation?: unknown; apply?: unknown }
  return typeof implementation === 'function' || typeof apply === 'function'
}
