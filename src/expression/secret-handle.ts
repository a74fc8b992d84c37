/**
 * What `$secret(name)` gives to an expression: something that the keyed functions accept and that is nothing else. It has no members
 * to read, prints as `[secret]` wherever it is turned into text, and a result that contains one is a failure.
 */
import type { Secret } from '../domain/secret.ts'

export class SecretHandle {
  readonly #secret: Secret

  constructor(secret: Secret) {
    this.#secret = secret
    Object.freeze(this)
  }

  /** The text itself, for the functions that digest it. */
  reveal(): string {
    return this.#secret.reveal()
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}
