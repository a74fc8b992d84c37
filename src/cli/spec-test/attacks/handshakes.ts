/**
 * Attacks by way of handshakes. An event that looks like one that is answered without verification, and carries no proof, must not be
 * taken for an event. A handshake that asks for a token must not be answered without, and a secret that a handshake has brought must
 * not be replaced by another.
 */
import { type Attack, type AttackGenerator, withoutProofs } from './attack.ts'
import type { ProviderSpec } from '../../../domain/provider-spec.gen.ts'
import type { PreparedCase } from '../case-runner.ts'
import { exampleRequest } from '../example-request.ts'
import type { SecretMap } from '../example-signer.ts'
import type { Observation } from '../observation.ts'
import { splitUrl, withBody, withHeaderValues } from './edits.ts'
import { siteOf } from './proof-site.ts'

export const handshakeAttacks: AttackGenerator = (target) => {
  const { spec, request, alternative } = target
  if (alternative.scheme === 'unverified') return []
  const bare = withoutProofs(target, request)
  const { base } = splitUrl(request.url)
  const attacks: Attack[] = []
  for (const handshake of spec.handshakes ?? []) {
    const example = spec.examples.find(({ expect }) => expect.handshake === handshake.name)
    if (handshake.verified !== false || example === undefined) continue
    const shaken = exampleRequest(spec, example, base)
    const headers = [...shaken.headers.pairs()].reduce(
      (seen, [name, value]) => withHeaderValues(seen, name, [value]),
      bare,
    )
    const common = { against: null, mayBeHarmless: false } as const
    attacks.push(
      {
        ...common,
        name: `an event without proof in the form of the handshake "${handshake.name}"`,
        request: { ...headers, url: shaken.url, method: shaken.method },
      },
      {
        ...common,
        name: `the handshake "${handshake.name}" sent as ${request.method} without proof, with the body of an event`,
        request: { ...withBody(shaken, bare.rawBody), method: request.method },
      },
    )
  }
  return attacks
}

/** Attacks on a handshake itself, whether or not anything was verified of it. */
export function attacksOnHandshake({ spec, prepared, seen, madeUpSecrets }: HandshakeTarget): Attack[] {
  const { outcome } = seen
  const clause = outcome.kind === 'handshake' ? spec.handshakes?.find(({ name }) => name === outcome.name) : undefined
  if (clause === undefined) return []
  const { request, options } = prepared.ready
  const attacks: Attack[] = []
  const { token, capture } = clause
  const site = token === undefined ? undefined : siteOf(token, { options })
  const value = site?.read(request)[0]
  if (site !== undefined && value !== undefined) {
    const judge = ({ outcome: again }: Observation): string | null =>
      again.kind === 'handshake' ? 'the handshake was answered' : null
    for (const [what, values] of wrongTokens(value, site.repeats)) {
      const name = `token of the handshake ${what}`
      attacks.push({ name, against: null, mayBeHarmless: false, request: site.write(request, values), judge })
    }
  }
  const known = capture === undefined ? undefined : madeUpSecrets.get(capture.secret)
  if (capture !== undefined && known !== undefined && capture.scope !== 'connection') {
    attacks.push({
      name: `a second ${capture.secret} while there is one`,
      against: null,
      mayBeHarmless: false,
      secrets: new Map([[capture.secret, known]]),
      judge: ({ captured }) =>
        Object.keys(captured).length === 0 ? null : 'it was captured, so that the first is lost',
    })
  }
  return attacks
}

export interface HandshakeTarget {
  readonly spec: ProviderSpec
  readonly prepared: PreparedCase
  readonly seen: Observation
  readonly madeUpSecrets: SecretMap
}

function wrongTokens(right: string, repeats: boolean): (readonly [what: string, values: readonly string[]])[] {
  const others = [right.toUpperCase(), right.toLowerCase()].filter((other) => other !== right)
  return [
    ['missing', []],
    ['empty', ['']],
    ['replaced by another', ['attacker']],
    ['replaced by the word undefined', ['undefined']],
    ['cut to its first half', [right.slice(0, Math.floor(right.length / 2))]],
    ['with something after it', [`${right}0`]],
    ...others.slice(0, 1).map((other) => ['in another case', [other]] as const),
    ...(repeats
      ? ([
          ['sent twice, first right, then wrong', [right, 'attacker']],
          ['sent twice, first wrong, then right', ['attacker', right]],
        ] as const)
      : []),
  ]
}
