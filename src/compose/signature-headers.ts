/**
 * The headers that a spec's verification reads: what a receiver needs to verify the provider's signature itself. Found in the document of
 * the spec wherever a place is named by its header, and in the templates of what is signed. Credentials are never among them.
 */
import type { CompiledSpec } from '../spec/compiled-spec.ts'

/** Members that name a header, or several. */
const HEADER_MEMBERS = new Set(['header', 'aliases'])
const IN_TEMPLATE = /\{header:([A-Za-z0-9!#$%&'*+.^_`|~-]+)\}/g
/** Schemes whose header is the credential itself. */
const CREDENTIAL_SCHEMES = new Set(['token', 'basic', 'jwt', 'unverified'])

/** Lower case, each once. */
export function signatureHeadersOf(spec: CompiledSpec): readonly string[] {
  const names = new Set<string>()
  for (const alternative of spec.document.verify ?? []) {
    if (!CREDENTIAL_SCHEMES.has(alternative.scheme)) collect(alternative, names)
  }
  for (const secret of spec.verifier.secretHeaders) names.delete(secret)
  return [...names]
}

function collect(value: unknown, names: Set<string>): void {
  if (typeof value === 'string') {
    for (const [, name] of value.matchAll(IN_TEMPLATE)) names.add(name!.toLowerCase())
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, names)
  } else if (typeof value === 'object' && value !== null) {
    for (const [member, item] of Object.entries(value)) {
      if (!HEADER_MEMBERS.has(member)) collect(item, names)
      else
        for (const name of Array.isArray(item) ? (item as unknown[]) : [item]) {
          if (typeof name === 'string') names.add(name.toLowerCase())
        }
    }
  }
}
