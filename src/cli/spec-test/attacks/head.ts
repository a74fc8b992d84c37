/** Attacks on the method and on the URL: host, path and query. */
import { type Attack, type AttackGenerator, proofSites, type Target } from './attack.ts'
import { splitUrl, withQueryValues } from './edits.ts'
import { readsOf, signedBy } from './reads.ts'
import { formText, readQuery, valuesOf } from '../../../verify/form.ts'

const OTHER = 'attacker'

export const headAttacks: AttackGenerator = (target) => [...methodAttacks(target), ...urlAttacks(target)]

function methodAttacks({ alternative, request }: Target): Attack[] {
  const isSigned = signedBy(alternative).method
  return ['POST', 'PUT', 'GET']
    .filter((method) => method !== request.method)
    .map((method) => ({
      name: `sent as ${method}`,
      against: isSigned ? null : 'method',
      mayBeHarmless: !isSigned,
      request: { ...request, method },
    }))
}

function urlAttacks(target: Target): Attack[] {
  const { spec, alternative, request, example } = target
  const signed = signedBy(alternative)
  const attacks: Attack[] = []
  const add = (what: string, url: string, isSigned: boolean): void => {
    attacks.push({
      name: what,
      against: isSigned ? null : 'url',
      mayBeHarmless: !isSigned,
      request: { ...request, url },
    })
  }
  const { base, query } = splitUrl(request.url)
  add('sent to another path', `${base}/other${query === '' ? '' : `?${query}`}`, signed.path)
  add('sent to another host', request.url.replace(/^(https?:\/\/)[^/?#]+/, '$1attacker.example'), signed.host)
  add('query parameter added', `${request.url}${query === '' ? '?' : '&'}attacker=1`, signed.wholeQuery)
  if (query !== '') add('query missing', base, signed.wholeQuery)

  const proofs = new Set(spec.verify.flatMap((one) => proofSites(target, one)).map((site) => site.place))
  const isSigned = (name: string): boolean => signed.wholeQuery || signed.query.includes(name)
  const names = new Set(readQuery(request.url).map((pair) => formText(pair.name)))
  for (const name of names) {
    if (proofs.has(`query parameter ${name}`) || alternative.timestamp?.query === name) continue
    const values = valuesOf(readQuery(request.url), name)
    const withValues = (values: readonly string[]): string => withQueryValues(request, name, values).url
    add(`query parameter ${name} missing`, withValues([]), isSigned(name))
    add(`query parameter ${name} changed`, withValues([OTHER]), isSigned(name))
    add(`query parameter ${name} sent twice`, withValues([...values, OTHER]), isSigned(name))
  }
  // A connection that is there, but is not meant: only its own name shows whether a parameter can choose it.
  const connections = (example.given?.connections ?? []).map((one) => one.connection_id)
  for (const name of readsOf(spec).query) {
    if (names.has(name) || proofs.has(`query parameter ${name}`)) continue
    for (const value of [OTHER, ...connections.slice(0, 3)]) {
      add(`query parameter ${name} added`, withQueryValues(request, name, [value]).url, isSigned(name))
    }
  }
  return attacks
}
