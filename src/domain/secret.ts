/**
 * The one type that carries a secret through the program. However it is printed (string, JSON, template, `console.log`,
 * logger), what appears is `[secret]`; the text itself leaves only through `reveal()`, so a search for that word finds every
 * place that touches one.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The secret itself. Call it where the bytes are used, never to store or print them. */
  reveal(): string {
    return this.#text
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
