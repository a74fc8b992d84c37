/**
 * Views of a request with something added to them: one item of a batch, the claims of a token, the parts of a signature. All other
 * members are still those of the view, and computed only when they are read.
 */
import type { RequestView } from '../domain/expression.ts'
import type { InboundRequest } from '../domain/request.ts'

export type AddedToView = Pick<Partial<RequestView>, 'item' | 'claims' | 'parts' | 'jwk' | 'headers'>

/** The same view with these members. */
export function extendView(view: RequestView, added: AddedToView): RequestView {
  return Object.create(view, Object.getOwnPropertyDescriptors(added)) as RequestView
}

/**
 * What a proof may be computed from: a header that was sent more than once is not there, because nobody knows which of the two its
 * sender meant.
 */
export function strictView(view: RequestView, request: InboundRequest): RequestView {
  let headers: Record<string, string> | undefined
  return extendView(view, {
    get headers() {
      return (headers ??= singleHeaders(request))
    },
  })
}

function singleHeaders(request: InboundRequest): Record<string, string> {
  const headers = request.headers.toRecord()
  for (const name of Object.keys(headers)) if (request.headers.all(name).length > 1) delete headers[name]
  return headers
}
