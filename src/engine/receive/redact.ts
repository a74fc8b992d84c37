/**
 * What may be kept of a request's head. Values that are credentials (bearer tokens, shared tokens, cookies, the ingress token in the
 * URL) are replaced; signatures stay, because they prove nothing without their secret and explain a refusal.
 */
import type { InboundRequest } from '../../domain/request.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'

const MASK = '[secret]'
const ALWAYS_SECRET = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key']

export function redactHeaders(request: InboundRequest, spec: CompiledSpec): Record<string, string> {
  const headers = request.headers.toRecord()
  for (const name of ALWAYS_SECRET) if (headers[name] !== undefined) headers[name] = MASK
  for (const name of spec.verifier.secretHeaders) if (headers[name] !== undefined) headers[name] = MASK
  return headers
}

/** Path and query as they came, without the ingress token and without query parameters that carry a secret. */
export function redactTarget(target: string, ingressToken: string | null, spec: CompiledSpec): string {
  const mark = target.indexOf('?')
  let path = mark === -1 ? target : target.slice(0, mark)
  if (ingressToken !== null) path = `${path.slice(0, path.lastIndexOf('/'))}/${MASK}`
  if (mark === -1) return path
  const query = target.slice(mark + 1)
  if (spec.verifier.secretQuery.length === 0) return `${path}?${query}`
  const parts = query.split('&').map((part) => {
    const name = part.split('=', 1)[0]!
    return spec.verifier.secretQuery.includes(decode(name)) ? `${name}=${MASK}` : part
  })
  return `${path}?${parts.join('&')}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
