/**
 * For a provider that signs nothing: accepts whatever comes, and says so in its spec with a reason. The protection is then the
 * ingress token in the URL, which is checked before any verification. It decides only when no earlier alternative's signature is
 * present; `unless_configured` keeps a sender from getting here by leaving a signature off.
 *
 *     { scheme: unverified, reason: "The provider offers no signature, token or allow list." }
 */
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { accept, type Scheme } from '../scheme.ts'

export function createUnverifiedScheme(alternative: Alternative): Scheme {
  return { secretNames: [], check: () => accept(alternative, undefined, undefined) }
}
