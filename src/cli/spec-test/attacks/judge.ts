/** What became of an attack, decided on what was seen and on what the accepting alternative admits. */
import type { InboundRequest } from '../../../domain/request.ts'
import { decodeBody } from '../../../spec/body.ts'
import type { CompiledSpec } from '../../../spec/compiled-spec.ts'
import { isSameValue } from '../diff.ts'
import type { Observation } from '../observation.ts'
import type { Admission, Attack, Target } from './attack.ts'

export type Verdict =
  /** Refused, or nothing came of it. */
  | { readonly kind: 'killed' }
  /** Taken, and understood as the request that it was made from. */
  | { readonly kind: 'harmless' }
  | { readonly kind: 'admitted'; readonly admission: Admission }
  /** `because` says what came of it that must not have. */
  | { readonly kind: 'survived'; readonly because: string }

export function judge(attack: Attack, target: Target, seen: Observation): Verdict {
  if (!isTaken(target, seen)) return { kind: 'killed' }
  const harm = attack.judge === undefined ? findHarm(attack, target, seen) : attack.judge(seen)
  if (harm === null) return { kind: attack.judge === undefined ? 'harmless' : 'killed' }
  const { against } = attack
  if (against !== null && target.alternative.does_not_cover?.includes(against) === true) {
    return { kind: 'admitted', admission: against }
  }
  return { kind: 'survived', because: harm }
}

/** What anybody may ask for without a proof, a handshake that is answered unverified, is not gained by one. */
function isTaken({ spec }: Target, { outcome }: Observation): boolean {
  if (outcome.kind !== 'handshake') return outcome.kind === 'accepted'
  return spec.handshakes?.find((one) => one.name === outcome.name)?.verified !== false
}

/** What the attack has achieved; null for nothing. */
function findHarm(attack: Attack, { seen: genuine, request, prepared }: Target, seen: Observation): string | null {
  if (seen.outcome.kind === 'handshake') {
    const isSame = isSameValue(genuine.outcome, seen.outcome) && isSameValue(genuine.answer, seen.answer)
    return isSame && attack.mayBeHarmless ? null : `the handshake "${seen.outcome.name}" was answered`
  }
  const by = `accepted by "${seen.scheme ?? 'nobody'}"`
  if (!attack.mayBeHarmless) return by
  if (genuine.outcome.kind !== 'accepted') return `${by} as an event`
  if (!isSameValue(genuine.events, seen.events)) return `${by} with other events`
  if (!isSameHead(genuine, seen)) return `${by} with other headers or destinations of the forward`
  return isSameBody(prepared.ready.spec, request, attack.request ?? request) ? null : `${by} with another body`
}

function isSameHead(a: Observation, b: Observation): boolean {
  const headOf = (seen: Observation): unknown =>
    seen.forwarded.map(({ connection, headers }) => ({ connection, headers }))
  return isSameValue(headOf(a), headOf(b))
}

/**
 * Whether both mean the same: of JSON and text the payload byte for byte, as it is forwarded verbatim; of a form its fields, since
 * what is forwarded is made of these.
 */
function isSameBody({ bodyKinds }: CompiledSpec, a: InboundRequest, b: InboundRequest): boolean {
  if (a.rawBody === b.rawBody) return true
  const [one, other] = [decodeBody(bodyKinds, a.rawBody), decodeBody(bodyKinds, b.rawBody)]
  if (one.kind !== other.kind) return false
  const isForm = one.kind === 'form' || one.kind === 'multipart'
  if (isForm && other.kind === one.kind) return isSameValue(one.value, other.value)
  return Buffer.compare(one.payload.bytes, other.payload.bytes) === 0
}
