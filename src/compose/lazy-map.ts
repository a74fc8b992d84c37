/** A map that knows its keys from the start and makes each value when it is first asked for. */
export class LazyMap<Value> implements ReadonlyMap<string, Value> {
  readonly #makers = new Map<string, () => Value>()
  readonly #made = new Map<string, Value>()

  /** Adds the key, or gives it another value. */
  add(key: string, make: () => Value): void {
    this.#makers.set(key, make)
    this.#made.delete(key)
  }

  get size(): number {
    return this.#makers.size
  }

  has(key: string): boolean {
    return this.#makers.has(key)
  }

  get(key: string): Value | undefined {
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const make = this.#makers.get(key)
    if (make === undefined) return undefined
    const value = make()
    this.#made.set(key, value)
    return value
  }

  keys(): MapIterator<string> {
    return this.#makers.keys()
  }

  *values(): MapIterator<Value> {
    for (const key of this.#makers.keys()) yield this.get(key)!
  }

  *entries(): MapIterator<[string, Value]> {
    for (const key of this.#makers.keys()) yield [key, this.get(key)!]
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries()
  }

  forEach(callback: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this)
  }
}
