/**
 * What may be kept of a request's head. Values that are credentials (bearer tokens, shared tokens, cookies, the ingress token in the
 * URL) are replaced; signatures stay, because they prove nothing without their secret and explain a refusal.
 */
import type { InboundRequest } from '../../domain/request.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'

/** Stands where a credential stood. */
export const MASK = '[secret]'
const ALWAYS_SECRET = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key']

/** `options` are those of the integration: an option may name the header that holds a token. */
export function redactHeaders(
  request: InboundRequest,
  spec: CompiledSpec,
  options: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const headers = request.headers.record()
  let redacted: Record<string, string> | undefined
  const mask = (name: string): void => {
    if (headers[name] === undefined) return
    redacted ??= request.headers.toRecord()
    redacted[name] = MASK
  }
  for (const name of placesOf(spec).headers) mask(name)
  for (const option of spec.verifier.secretHeaderOptions) {
    const name = options[option]?.trim().toLowerCase()
    if (name !== undefined) mask(name)
  }
  // Most requests carry no credential in clear, and are kept as they were read.
  return redacted ?? headers
}

/** Path and query as they came, without the ingress token and without query parameters that carry a secret. */
export function redactTarget(target: string, ingressToken: string | null, spec: CompiledSpec): string {
  const mark = target.indexOf('?')
  let path = mark === -1 ? target : target.slice(0, mark)
  if (ingressToken !== null) path = `${path.slice(0, path.lastIndexOf('/'))}/${MASK}`
  if (mark === -1) return path
  const query = target.slice(mark + 1)
  const secret = placesOf(spec).query
  if (secret.length === 0) return `${path}?${query}`
  const parts = query.split('&').map((part) => {
    const name = part.split('=', 1)[0]!
    return secret.includes(decode(name)) ? `${name}=${MASK}` : part
  })
  return `${path}?${parts.join('&')}`
}

/** Where a spec has credentials in clear. */
interface Places {
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

const known = new WeakMap<CompiledSpec, Places>()

/** Where the alternatives read theirs, and where handshakes bring tokens and secrets, as far as the spec names the place plainly. */
function placesOf(spec: CompiledSpec): Places {
  const seen = known.get(spec)
  if (seen !== undefined) return seen
  const handshakes = spec.document.handshakes ?? []
  const captured = handshakes.flatMap(({ capture }) => {
    const found = /^(headers|query)\.(?:`([^`]+)`|"([^"]+)"|([A-Za-z_]\w*))$/.exec(capture?.from ?? '')
    return found === null ? [] : [{ root: found[1], name: (found[2] ?? found[3] ?? found[4])! }]
  })
  const namesIn = (root: string): string[] => captured.filter((one) => one.root === root).map((one) => one.name)
  const places: Places = {
    headers: [
      ...ALWAYS_SECRET,
      ...spec.verifier.secretHeaders,
      ...[...namesIn('headers'), ...handshakes.flatMap(({ token }) => token?.header ?? [])].map((name) =>
        name.toLowerCase(),
      ),
    ],
    query: [
      ...spec.verifier.secretQuery,
      ...namesIn('query'),
      ...handshakes.flatMap(({ token }) => token?.query ?? []),
    ],
  }
  known.set(spec, places)
  return places
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
