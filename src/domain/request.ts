/**
 * A request as it came in, before anything is believed of it: method, URL, headers in the order and spelling of the wire, and
 * the raw bytes. Nothing here decodes the body.
 */
export interface InboundRequest {
  /** Upper case. */
  readonly method: string
  /**
   * The URL the provider called: scheme and host of the public URL, path and query as on the request line. Providers that sign
   * the URL sign this one, not the address of the socket behind a proxy.
   */
  readonly url: string
  readonly headers: HeaderList
  readonly rawBody: Uint8Array
}

const NONE: readonly string[] = []

/**
 * What a record of headers is made from: nothing is inherited, so any name is a plain key. An object with this behind it stays one that
 * V8 can lay out; one that is made with null is a hash table, twice as large and twice as slow to fill and to write as JSON.
 */
const NOTHING: object = Object.freeze(Object.create(null))

/**
 * Headers with their repetitions; names are matched without regard to case (RFC 9110 §5.1). A request has some ten or twenty of
 * which three are asked for, so they are searched one by one: a map of lists costs more than all the searching, and 1.4 KB.
 */
export class HeaderList {
  readonly #raw: readonly string[]
  /** In lower case, in order of arrival. */
  readonly #names: readonly string[]
  #record: Readonly<Record<string, string>> | undefined

  /** Takes what Node calls `rawHeaders`: name, value, name, value… */
  constructor(raw: readonly string[]) {
    const names: string[] = []
    for (let at = 0; at + 1 < raw.length; at += 2) names.push(raw[at]!.toLowerCase())
    this.#raw = raw
    this.#names = names
  }

  static from(record: Readonly<Record<string, string | readonly string[]>>): HeaderList {
    const raw: string[] = []
    for (const [name, value] of Object.entries(record)) {
      for (const one of typeof value === 'string' ? [value] : value) raw.push(name, one)
    }
    return new HeaderList(raw)
  }

  /** Every value sent under this name, in order; empty when there is none. */
  all(name: string): readonly string[] {
    const wanted = name.toLowerCase()
    const first = this.#names.indexOf(wanted)
    if (first === -1) return NONE
    const values = [this.#valueAt(first)]
    for (let at = this.#names.indexOf(wanted, first + 1); at !== -1; at = this.#names.indexOf(wanted, at + 1)) {
      values.push(this.#valueAt(at))
    }
    return values
  }

  /** The values joined by a comma as RFC 9110 §5.2 allows, or undefined. For reading, not for verification: see `all`. */
  get(name: string): string | undefined {
    const values = this.all(name)
    return values.length === 0 ? undefined : values.length === 1 ? values[0] : values.join(', ')
  }

  has(name: string): boolean {
    return this.#names.includes(name.toLowerCase())
  }

  /**
   * Lower-case name to joined value, in order of arrival; it inherits nothing, so any name is a plain key. The same object at every
   * call.
   */
  record(): Readonly<Record<string, string>> {
    return (this.#record ??= this.toRecord())
  }

  /** The same as an object of the caller's own. */
  toRecord(): Record<string, string> {
    const record = Object.create(NOTHING) as Record<string, string>
    const names = this.#names
    for (let at = 0; at < names.length; at += 1) {
      const name = names[at]!
      const seen = record[name]
      record[name] = seen === undefined ? this.#valueAt(at) : `${seen}, ${this.#valueAt(at)}`
    }
    return record
  }

  /** Only the headers that were sent once. */
  singles(): Record<string, string> {
    const record = this.toRecord()
    const seen = new Set<string>()
    for (const name of this.#names) {
      if (seen.has(name)) delete record[name]
      seen.add(name)
    }
    return record
  }

  /** Name and value pairs as they can be sent again; names in lower case, those of one name together. */
  *pairs(): IterableIterator<[name: string, value: string]> {
    const grouped = new Map<string, string[]>()
    for (const [at, name] of this.#names.entries()) {
      const values = grouped.get(name)
      if (values === undefined) grouped.set(name, [this.#valueAt(at)])
      else values.push(this.#valueAt(at))
    }
    for (const [name, values] of grouped) for (const value of values) yield [name, value]
  }

  #valueAt(at: number): string {
    return this.#raw[2 * at + 1]!
  }
}
