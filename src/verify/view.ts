/**
 * Views of a request with something added to them: one item of a batch, the claims of a token, the parts of a signature. All other
 * members are still those of the view, and computed only when they are read.
 *
 * They are classes, and neither literals with getters nor objects that inherit from the view: V8 makes a hidden class for each single
 * one of those, which lives in the old generation and keeps its whole request alive until the next full collection.
 */
import type { FilterView, RequestView } from '../domain/expression.ts'
import type { InboundRequest } from '../domain/request.ts'

export type AddedToView = Pick<
  Partial<FilterView>,
  'headers' | 'body' | 'event' | 'item' | 'claims' | 'parts' | 'jwk' | 'outer' | 'list' | 'position'
> & { readonly type?: string | undefined }

/** The same view with these members; one that is given as undefined is so whatever the view has. */
export function extendView(view: RequestView, added: AddedToView): RequestView {
  return new ExtendedView(view, added)
}

/** What the filter of a destination sees of an event. */
export function viewWithType(view: RequestView, type: string | undefined): FilterView {
  return new ExtendedView(view, { type })
}

/**
 * What a proof may be computed from: a header that was sent more than once is not there, because nobody knows which of the two its
 * sender meant.
 */
export function strictView(view: RequestView, request: InboundRequest): RequestView {
  return new StrictView(view, request)
}

class ExtendedView implements FilterView {
  readonly #view: RequestView & { readonly type?: string | undefined }
  readonly #added: AddedToView

  constructor(view: RequestView, added: AddedToView) {
    this.#view = view
    this.#added = added
  }

  get method(): string {
    return this.#view.method
  }

  get url(): string {
    return this.#view.url
  }

  get path(): string {
    return this.#view.path
  }

  get query(): RequestView['query'] {
    return this.#view.query
  }

  get raw(): string {
    return this.#view.raw
  }

  get options(): RequestView['options'] {
    return this.#view.options
  }

  get now(): number {
    return this.#view.now
  }

  get headers(): RequestView['headers'] {
    return this.#added.headers ?? this.#view.headers
  }

  get body(): unknown {
    return this.#has('body') ? this.#added.body : this.#view.body
  }

  get event(): unknown {
    return this.#has('event') ? this.#added.event : this.#view.event
  }

  get item(): unknown {
    return this.#has('item') ? this.#added.item : this.#view.item
  }

  get claims(): unknown {
    return this.#has('claims') ? this.#added.claims : this.#view.claims
  }

  get parts(): unknown {
    return this.#has('parts') ? this.#added.parts : this.#view.parts
  }

  get jwk(): unknown {
    return this.#has('jwk') ? this.#added.jwk : this.#view.jwk
  }

  get outer(): unknown {
    return this.#has('outer') ? this.#added.outer : this.#view.outer
  }

  get list(): unknown {
    return this.#has('list') ? this.#added.list : this.#view.list
  }

  get position(): unknown {
    return this.#has('position') ? this.#added.position : this.#view.position
  }

  get type(): string | undefined {
    return this.#has('type') ? this.#added.type : this.#view.type
  }

  #has(name: keyof AddedToView): boolean {
    return Object.hasOwn(this.#added, name)
  }
}

class StrictView extends ExtendedView {
  readonly #request: InboundRequest
  #headers: RequestView['headers'] | undefined

  constructor(view: RequestView, request: InboundRequest) {
    super(view, {})
    this.#request = request
  }

  override get headers(): RequestView['headers'] {
    return (this.#headers ??= this.#request.headers.singles())
  }
}
