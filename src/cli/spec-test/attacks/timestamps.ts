/**
 * Attacks on the time of a request: sent again when it is old, received before it was sent, its timestamp taken out, made young, or
 * sent twice. The clock is moved rather than the request, since who sends a request again has nothing but the request.
 */
import { DEFAULT_TOLERANCE_MS, formatTime } from '../../../verify/timestamp.ts'
import { parseDuration } from '../../../domain/duration.ts'
import type { Alternative } from '../../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../../domain/request.ts'
import { compileFormatOf, signatureSourceOf } from '../../../verify/signature-source.ts'
import { type Attack, type AttackGenerator, proofSite, type Target } from './attack.ts'
import { siteOf, type ValueSite } from './proof-site.ts'

const DAY_MS = 86_400_000

export const timestampAttacks: AttackGenerator = (target) => {
  const { alternative, request, now, clockSkewMs } = target
  const common = { against: 'time', mayBeHarmless: false } as const
  const attacks: Attack[] = [{ ...common, name: 'received a day later', now: now + DAY_MS }]
  // The life of a token ends by its exp; when it began is the provider's business, and nbf is judged where it stands.
  if (alternative.scheme !== 'jwt') attacks.push({ ...common, name: 'received a day early', now: now - DAY_MS })
  const { timestamp: clause } = alternative
  if (clause === undefined) return attacks

  if (clockSkewMs !== undefined) {
    const sentAt = now - clockSkewMs
    const tolerance = alternative.tolerance === undefined ? DEFAULT_TOLERANCE_MS : parseDuration(alternative.tolerance)
    // A second more than the tolerance, and the part of a second that a timestamp in seconds may lack.
    attacks.push(
      { ...common, name: 'received just after its tolerance', now: sentAt + tolerance + 2_000 },
      { ...common, name: 'received just before its tolerance', now: sentAt - tolerance - 2_000 },
    )
  }
  const { options } = target.prepared.ready
  const site = clause.part === undefined ? siteOf(clause, { options }) : partSiteOf(target, clause.part)
  const value = site?.read(request)[0]
  if (site === undefined || value === undefined) return attacks

  const fresh = formatTime(now + DAY_MS, clause.unit)
  const strict = { against: null, mayBeHarmless: false } as const
  attacks.push(
    { ...strict, name: 'timestamp missing', request: site.write(request, []) },
    { ...strict, name: 'timestamp empty', request: site.write(request, ['']) },
    { ...strict, name: 'timestamp that is no time', request: site.write(request, ['NaN']) },
    {
      ...common,
      name: 'sent again a day later with a fresh timestamp',
      now: now + DAY_MS,
      request: site.write(request, [fresh]),
    },
  )
  if (site.repeats) {
    const later = { ...strict, now: now + DAY_MS }
    attacks.push(
      {
        ...later,
        name: 'timestamp sent twice, first its own, then a fresh one',
        request: site.write(request, [value, fresh]),
      },
      {
        ...later,
        name: 'timestamp sent twice, first a fresh one, then its own',
        request: site.write(request, [fresh, value]),
      },
    )
  }
  return attacks
}

/** A part of a composite signature as a place of its own. */
function partSiteOf(target: Target, part: string): ValueSite | undefined {
  const { alternative } = target
  const site = proofSite(target, alternative)
  const { separator = ',', prefix = '' } = signatureSourceOf(alternative) ?? {}
  if (site === undefined) return undefined
  const partOf = (value: string): string | undefined => {
    const reading = compileFormatOf(alternative)?.read(value.slice(prefix.length))
    return reading?.kind === 'read' ? reading.parts.get(part) : undefined
  }
  return {
    place: `${part} of the ${site.place}`,
    isHeader: (name) => site.isHeader(name),
    repeats: true,
    read: (request) => site.read(request).flatMap((value) => partOf(value) ?? []),
    write(request: InboundRequest, values) {
      const changed = site.read(request).map((value) => {
        const own = partOf(value)
        const elements = value.slice(prefix.length).split(separator)
        const at = own === undefined ? -1 : elements.findIndex((element) => element.includes(own))
        if (at === -1) return value
        elements.splice(at, 1, ...values.map((text) => elements[at]!.replace(own!, text)))
        return prefix + elements.join(separator)
      })
      return site.write(request, changed)
    },
  }
}

/** Where the alternative's timestamp stands, if not in a part of its signature. */
export function timestampSite({ prepared }: Target, { timestamp }: Alternative): ValueSite | undefined {
  return timestamp === undefined || timestamp.part !== undefined ? undefined : siteOf(timestamp, prepared.ready)
}
