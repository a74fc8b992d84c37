/**
 * Which members of an alternative each scheme understands and needs. A member that the scheme would ignore is an error: a spec that
 * says `timestamp` of a shared token promises a freshness that nobody checks.
 */
import type { Alternative } from '../domain/provider-spec.gen.ts'

type Member = keyof Alternative
type Family = 'symmetric' | 'asymmetric' | 'jwt' | 'token' | 'basic' | 'unverified'

const SIGNED: readonly Member[] = [
  'secret',
  'connection',
  'key',
  'fetched_key',
  'key_id',
  'signature',
  'signed',
  'texts',
  'or_signed',
  'url',
  'timestamp',
  'tolerance',
  'body_hash',
  'each',
]

const KNOWN: Record<Family, readonly Member[]> = {
  symmetric: SIGNED,
  asymmetric: [...SIGNED, 'public_key', 'jwks', 'openid'],
  jwt: [
    'secret',
    'connection',
    'public_key',
    'jwks',
    'openid',
    'fetched_key',
    'key',
    'signature',
    'tolerance',
    'body_hash',
    'algorithms',
    'claims',
    'required_claims',
    'max_age',
  ],
  token: ['secret', 'connection', 'key', 'signature', 'each'],
  basic: ['username', 'password'],
  unverified: ['reason'],
}

/** Every member that is some scheme's own; the others say when an alternative applies and how it is reported. */
const SPECIAL: ReadonlySet<Member> = new Set(Object.values(KNOWN).flat())

const NEEDED: Record<Family, readonly Member[]> = {
  symmetric: ['signature'],
  asymmetric: ['signature'],
  jwt: ['algorithms'],
  token: ['secret', 'signature'],
  basic: ['username', 'password'],
  unverified: ['reason'],
}

/** Where a key comes from, for the schemes that leave a choice: exactly one of these. */
const KEY_SOURCES: Partial<Record<Family, readonly Member[]>> = {
  symmetric: ['secret', 'fetched_key'],
  asymmetric: ['secret', 'public_key', 'jwks', 'openid', 'fetched_key'],
  jwt: ['secret', 'public_key', 'jwks', 'openid', 'fetched_key'],
}

/** The first member that is wrong about this alternative, and why; undefined when nothing is. */
export function findInvalidClause(alternative: Alternative): { field: string; problem: string } | undefined {
  const { scheme } = alternative
  const family = familyOf(scheme)
  const isGiven = (member: Member): boolean => alternative[member] !== undefined
  for (const field of SPECIAL) {
    if (isGiven(field) && !KNOWN[family].includes(field)) return { field, problem: `${scheme} does not use ${field}` }
  }
  for (const field of NEEDED[family]) if (!isGiven(field)) return { field, problem: `${scheme} needs ${field}` }
  const sources = KEY_SOURCES[family]
  if (sources !== undefined && sources.filter(isGiven).length !== 1) {
    return { field: sources[0]!, problem: `${scheme} needs exactly one of ${sources.join(', ')}` }
  }
  const misplaced = findMisplaced(alternative)
  if (misplaced !== undefined) return misplaced
  const { encoding } = alternative.key ?? {}
  if ((family === 'symmetric' || family === 'token') && (encoding === 'pem' || encoding === 'der')) {
    return { field: 'key', problem: `${scheme} has no public key that could be ${encoding}` }
  }
  return undefined
}

/** Members that mean something only beside another. */
function findMisplaced(alternative: Alternative): { field: string; problem: string } | undefined {
  const { connection, secret, fetched_key: fetched, key_id: keyId, jwks, openid, public_key: pinned, key } = alternative
  if (connection !== undefined && secret === undefined) {
    return { field: 'connection', problem: 'connection finds secrets: name the secret' }
  }
  const isFetched = fetched !== undefined || jwks !== undefined || openid !== undefined
  if (keyId !== undefined && !isFetched)
    return { field: 'key_id', problem: 'only published and fetched keys have an id' }
  if (
    key !== undefined &&
    (jwks !== undefined || openid !== undefined || (fetched !== undefined && fetched.as !== 'secret'))
  ) {
    return { field: 'key', problem: 'the recipe is for keys that are text, which a published key is not' }
  }
  if ((key?.template ?? key?.split) !== undefined && (pinned !== undefined || fetched !== undefined)) {
    return { field: 'key', problem: 'only configured secrets are split or put into a template' }
  }
  return undefined
}

function familyOf(scheme: Alternative['scheme']): Family {
  if (scheme.startsWith('hmac-') || scheme.startsWith('digest-')) return 'symmetric'
  if (scheme === 'jwt' || scheme === 'token' || scheme === 'basic' || scheme === 'unverified') return scheme
  return 'asymmetric'
}
