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

/** Headers with their repetitions; names are matched without regard to case (RFC 9110 §5.1). */
export class HeaderList {
  readonly #values = new Map<string, string[]>()

  /** Takes what Node calls `rawHeaders`: name, value, name, value… */
  constructor(raw: readonly string[]) {
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = raw[at]!.toLowerCase()
      const seen = this.#values.get(name)
      if (seen === undefined) this.#values.set(name, [raw[at + 1]!])
      else seen.push(raw[at + 1]!)
    }
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
    return this.#values.get(name.toLowerCase()) ?? []
  }

  /** The values joined by a comma as RFC 9110 §5.2 allows, or undefined. For reading, not for verification: see `all`. */
  get(name: string): string | undefined {
    const values = this.#values.get(name.toLowerCase())
    return values === undefined ? undefined : values.length === 1 ? values[0] : values.join(', ')
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase())
  }

  /** Lower-case name to joined value, in order of arrival; an object without prototype, so any name is a plain key. */
  toRecord(): Record<string, string> {
    const record = Object.create(null) as Record<string, string>
    for (const [name, values] of this.#values) record[name] = values.length === 1 ? values[0]! : values.join(', ')
    return record
  }

  /** Name and value pairs as they can be sent again; names in lower case. */
  *pairs(): IterableIterator<[name: string, value: string]> {
    for (const [name, values] of this.#values) for (const value of values) yield [name, value]
  }
}
