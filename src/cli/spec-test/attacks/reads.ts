/** What a spec reads of a request beside its body, and what its alternatives sign: found in its clauses and expressions. */
import type { Alternative, ProviderSpec } from '../../../domain/provider-spec.gen.ts'

export interface Reads {
  /** Lower case. */
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

const known = new WeakMap<ProviderSpec, Reads>()

/** Names that the expressions of the spec or its lists of what is forwarded mention. */
export function readsOf(spec: ProviderSpec): Reads {
  const cached = known.get(spec)
  if (cached !== undefined) return cached
  const { examples: _, ...clauses } = spec
  const text = textsOf(clauses).join('\n')
  const namesBehind = (root: string): string[] =>
    [...text.matchAll(new RegExp(String.raw`\b${root}\.(?:${'`([^`]+)`'}|"([^"]+)"|([A-Za-z_]\w*))`, 'g'))].map(
      (found) => (found[1] ?? found[2] ?? found[3])!,
    )
  const reads: Reads = {
    headers: [
      ...new Set([...namesBehind('headers'), ...(spec.forward?.headers ?? [])].map((name) => name.toLowerCase())),
    ],
    query: [...new Set([...namesBehind('query'), ...(spec.forward?.query ?? [])])],
  }
  known.set(spec, reads)
  return reads
}

export interface Signed extends Reads {
  readonly method: boolean
  /** Of the URL: host, path, and the whole query. */
  readonly host: boolean
  readonly path: boolean
  readonly wholeQuery: boolean
  /** The form by its pairs rather than by its bytes. */
  readonly pairs: boolean
}

/** What cannot change without changing the signed text, or the digest of the body that is signed. */
export function signedBy({ signed = '', or_signed, texts = {}, body_hash: bodyHash }: Alternative): Signed {
  // What only some of several templates hold is not signed by all of them.
  const templates = [signed, ...(or_signed ?? [])].map(placeholdersIn)
  const has = (...names: string[]): boolean => templates.every((one) => names.some((name) => one.includes(name)))
  const named = (kind: string): string[] =>
    templates[0]!.filter((one) => one.startsWith(`${kind}:`)).map((one) => one.slice(kind.length + 1))
  return {
    headers: [...named('header'), ...(bodyHash?.header === undefined ? [] : [bodyHash.header])].map((name) =>
      name.toLowerCase(),
    ),
    query: [...named('query'), ...(bodyHash?.query === undefined ? [] : [bodyHash.query])],
    method: has('method'),
    host: has('url', 'url_without_query'),
    path: has('url', 'url_without_query', 'path', 'path_query'),
    wholeQuery: has('url', 'path_query'),
    pairs: has('sorted_form') || /\$sortedPairs\b/.test(Object.values(texts).join('\n')),
  }
}

/** `{header:x?|lower}` → `header:x` */
function placeholdersIn(template: string): string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map((found) => found[1]!.split('|')[0]!.replace(/\?$/, ''))
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}
