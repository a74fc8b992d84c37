/**
 * Attacks that play the alternatives of a spec against each other: a wrong stronger proof beside a right weaker one, and a weaker one
 * alone where the stronger is configured and the spec says that it then counts for nothing. Both must be refused.
 */
import type { Alternative } from '../../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../../domain/request.ts'
import { nameOf } from '../../../verify/scheme.ts'
import {
  applies,
  type Attack,
  type AttackGenerator,
  forge,
  isEqual,
  missingSecrets,
  proofSite,
  type Target,
} from './attack.ts'

export const alternativeAttacks: AttackGenerator = async (target) => {
  const { spec, alternative, position } = target
  const attacks: Attack[] = []
  for (const [at, other] of spec.verify.entries()) {
    if (at === position) continue
    const [strong, weak] = at < position ? [other, alternative] : [alternative, other]
    attacks.push(...(await rescue(target, strong, weak)), ...(await fallBack(target, strong, weak)))
  }
  return attacks
}

async function rescue(target: Target, strong: Alternative, weak: Alternative): Promise<Attack[]> {
  const site = proofSite(target, strong)
  const other = proofSite(target, weak)
  if (site === undefined || other === undefined || site.place === other.place) return []
  if (isEqual(target.spec, strong, weak)) return []
  const proven = await withProof(target, weak, target.request)
  const both = proven === null ? null : await forge(target, { who: 'stranger', alternative: strong, request: proven })
  if (both === null || !(await applies(target, strong, both))) return []
  return [
    {
      name: `a wrong "${nameOf(strong)}" beside a right "${nameOf(weak)}"`,
      against: null,
      mayBeHarmless: false,
      request: both,
      secrets: missingSecrets(target),
    },
  ]
}

async function fallBack(target: Target, strong: Alternative, weak: Alternative): Promise<Attack[]> {
  const needed = new Set([strong.secret, strong.username, strong.password])
  if (weak.unless_configured?.some((name) => needed.has(name)) !== true) return []
  const stripped = proofSite(target, strong)?.write(target.request, []) ?? target.request
  const proven = await withProof(target, weak, stripped)
  if (proven === null) return []
  return [
    {
      name: `"${nameOf(weak)}" alone although "${nameOf(strong)}" is configured`,
      against: null,
      mayBeHarmless: false,
      request: proven,
      secrets: missingSecrets(target),
    },
  ]
}

/** The request with the right proof of the alternative, which may be the one it came with. */
async function withProof(
  target: Target,
  alternative: Alternative,
  request: InboundRequest,
): Promise<InboundRequest | null> {
  if (alternative === target.alternative) return request
  return forge(target, { who: 'provider', alternative, request, secrets: missingSecrets(target) })
}
