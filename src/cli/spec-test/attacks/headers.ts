/**
 * Attacks on headers other than those with the proof and its time. One that is signed must not be touched. One that is not may say
 * whatever it likes, as long as nothing follows from it; where the spec reads or forwards it the spec must say that it is not covered.
 * And what a body is, is never for the content type to say.
 */
import type { InboundRequest } from '../../../domain/request.ts'
import { type Attack, type AttackGenerator, proofSites, type Target } from './attack.ts'
import { withHeaderValues } from './edits.ts'
import { readsOf, signedBy } from './reads.ts'
import { timestampSite } from './timestamps.ts'

const OTHER = 'attacker'

export const headerAttacks: AttackGenerator = (target) => [...changes(target), ...additions(target), ...lies(target)]

function changes(target: Target): Attack[] {
  const { spec, alternative, request } = target
  const sites = spec.verify.flatMap((one) => [...proofSites(target, one), timestampSite(target, one)])
  const read = readsOf(spec).headers
  const signed = signedBy(alternative).headers
  const attacks: Attack[] = []
  for (const name of new Set([...request.headers.pairs()].map(([one]) => one))) {
    if (sites.some((site) => site?.isHeader(name)) || name.startsWith('content-')) continue
    const isSigned = signed.includes(name)
    const add = (what: string, values: readonly string[]): void => {
      attacks.push({
        name: `header ${name} ${what}`,
        against: isSigned ? null : 'headers',
        mayBeHarmless: !isSigned,
        request: withHeaderValues(request, name, values),
      })
    }
    const value = request.headers.all(name)[0]!
    add('missing', [])
    add('changed', [OTHER])
    if (!isSigned && !read.includes(name)) continue
    add('empty', [''])
    add('sent twice, first its own', [value, OTHER])
    add('sent twice, last its own', [OTHER, value])
    add('with a blank in it', [`${value.slice(0, 1)} ${value.slice(1)}`])
  }
  return attacks
}

/** Headers that the spec would look at, were they there. */
function additions(target: Target): Attack[] {
  const { spec, request } = target
  const sites = spec.verify.flatMap((one) => proofSites(target, one))
  return readsOf(spec)
    .headers.filter(
      (name) =>
        !request.headers.has(name) && !sites.some((site) => site.isHeader(name)) && !name.startsWith('content-'),
    )
    .map((name) => ({
      name: `header ${name} added`,
      against: 'headers',
      mayBeHarmless: true,
      request: withHeaderValues(request, name, [recorded(spec, name) ?? OTHER]),
    }))
}

/** What another example of the spec has there. */
function recorded(spec: Target['spec'], name: string): string | undefined {
  for (const { request } of spec.examples) {
    const found = Object.entries(request.headers ?? {}).find(([one]) => one.toLowerCase() === name)?.[1]
    const value = typeof found === 'string' ? found : found?.[0]
    if (value !== undefined) return value
  }
  return undefined
}

const CONTENT_TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'application/xml',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
]

function lies({ request }: Target): Attack[] {
  const claim = (name: string, changed: InboundRequest): Attack => ({
    name,
    against: null,
    mayBeHarmless: true,
    request: changed,
  })
  const own = request.headers.get('content-type')
  return [
    ...CONTENT_TYPES.filter((type) => type !== own).map((type) =>
      claim(`said to be ${type}`, withHeaderValues(request, 'content-type', [type])),
    ),
    ...(own === undefined ? [] : [claim('without a content type', withHeaderValues(request, 'content-type', []))]),
    claim('said to be compressed', withHeaderValues(request, 'content-encoding', ['gzip'])),
  ]
}
