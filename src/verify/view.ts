/** Views of a request with something added to them, for expressions that look at one item of a batch or at a token's claims. */
import type { RequestView } from '../domain/expression.ts'

/** The same view with these members; all others are still computed only when they are read. */
export function extendView(
  view: RequestView,
  added: { readonly item: unknown } | { readonly claims: unknown },
): RequestView {
  return {
    get method() {
      return view.method
    },
    get url() {
      return view.url
    },
    get path() {
      return view.path
    },
    get headers() {
      return view.headers
    },
    get query() {
      return view.query
    },
    get body() {
      return view.body
    },
    get raw() {
      return view.raw
    },
    get event() {
      return view.event
    },
    get options() {
      return view.options
    },
    now: view.now,
    ...added,
  }
}
