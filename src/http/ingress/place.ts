/**
 * Where a webhook is meant to go, read from the request line. Only for targets that are written plainly, as all that providers send
 * are; whatever needs decoding, normalising or a second look is left to the router, which this must never contradict.
 */
export interface IngressPlace {
  readonly integration: string
  /** Absent where the URL has no ingress token. */
  readonly token?: string | undefined
}

/** Unreserved characters (RFC 3986 §2.3) in the path; in the query anything that ends nothing. */
const PLAIN = /^\/webhook\/([\w.~-]+)(?:\/([\w.~-]+))?(?:\?[!"$-~]*)?$/

/** Null leaves the target to the router. */
export function readIngressPlace(target: string): IngressPlace | null {
  const found = PLAIN.exec(target)
  return found === null ? null : { integration: found[1]!, token: found[2] }
}
