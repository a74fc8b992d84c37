/**
 * Which clauses of a spec no example reaches: ways to verify that accept none, handshakes that are never asked for, match rules that
 * find nobody, answers that are never given, events that nobody says syncs are set off by. Beside them admissions that have excused no attack, as they would hide a later mistake.
 */
import { type DocumentPath, pathText } from '../../../document/yaml-document.ts'
import { removeMembers } from '../../../domain/json-text.ts'
import type { ProviderSpec } from '../../../domain/provider-spec.gen.ts'
import { decodeBody } from '../../../spec/body.ts'
import type { LoadedSpec } from '../../../spec/load.ts'
import { fitsPattern } from '../../../spec/sync-template.ts'
import { isObject, readMember } from '../../../verify/data-path.ts'
import { nameOf } from '../../../verify/scheme.ts'
import type { PreparedCase } from '../case-runner.ts'
import type { Observation } from '../observation.ts'
import type { AttackReport, Place } from '../result.ts'
import type { Sightings } from './watch.ts'

export interface SpecCoverage {
  readonly provider: string
  readonly file: string
  readonly reached: number
  readonly unreached: readonly UnreachedClause[]
  /** None where no attacks were made. */
  readonly unneeded: readonly UnreachedClause[]
}

export interface UnreachedClause {
  readonly place: Place
  /** Such as `match[2] (connection_config.team_id)`. */
  readonly clause: string
}

interface Clause {
  readonly path: DocumentPath
  readonly label: string | null
}

export interface CoverageRecorder {
  /** Takes note of one example, as the gateway understood it. */
  note(seen: Observation, prepared: PreparedCase, sightings: Sightings, attacks: AttackReport | null): Promise<void>
  report(): SpecCoverage
}

export function createCoverage({ spec, file, yaml }: LoadedSpec): CoverageRecorder {
  const clauses = clausesOf(spec)
  const reached = new Set<string>()
  const needed = new Set<string>()
  let wasAttacked = false
  const reach = (...path: (string | number)[]): void => void reached.add(pathText(path))

  const noteEvents = ({ events, forwarded }: Observation): void => {
    for (const event of events) {
      if (event.type !== null) reach('event', 'type')
      if (event.dedupe !== null) reach('event', 'dedupe')
      if (event.time !== null) reach('event', 'time')
      if (event.skipped) reach('event', 'skip')
    }
    for (const { headers } of forwarded) {
      spec.forward?.headers?.forEach((name, at) => {
        if (headers[name.toLowerCase()] !== undefined) reach('forward', 'headers', at)
      })
      const query = new URLSearchParams(headers['postern-query'] ?? '')
      spec.forward?.query?.forEach((name, at) => query.has(name) && reach('forward', 'query', at))
    }
  }

  /** Only where the example says what is asked of syncs: an event that happens to fit proves nothing. */
  const noteTriggers = ({ events, syncs }: Observation): void => {
    if (syncs === null) return
    for (const { type, connections } of events) {
      if (type === null || connections.length === 0) continue
      for (const [name, { on = {} }] of Object.entries(spec.syncs ?? {})) {
        const pattern = Object.keys(on).find((one) => fitsPattern(one, type))
        if (pattern !== undefined) reach('syncs', name, 'on', pattern)
      }
    }
  }

  const noteBody = ({ ready }: PreparedCase): void => {
    const { bodyKinds, strip, event } = ready.spec
    const { rawBody } = ready.request
    const kind = bodyKinds.findIndex((one) => decodeBody([one], rawBody).kind !== 'unreadable')
    if (kind !== -1) reach('body', ...(Array.isArray(spec.body) ? [kind] : []))
    const decoded = decodeBody(bodyKinds, rawBody)
    if (decoded.kind === 'unreadable') return
    if (event.batchPath !== null && isBatch(decoded.value, event.batchPath)) reach('event', 'each')
    const { payload } = decoded
    strip.forEach((path, at) => {
      if (payload.kind === 'json' && removeMembers(payload.bytes, [path]) !== payload.bytes) reach('strip', at)
    })
  }

  return {
    async note(seen, prepared, sightings, attacks) {
      const { outcome } = seen
      if (outcome.kind === 'refused') {
        const rule = spec.refusals?.findIndex(({ codes }) => (codes as readonly string[]).includes(outcome.code)) ?? -1
        return rule === -1 ? reach('refused') : reach('refusals', rule)
      }
      const verification = await prepared.verify()
      spec.verify.forEach((alternative, at) => {
        if (verification.kind === 'accepted' && verification.scheme === nameOf(alternative)) reach('verify', at)
        if (attacks === null || attacks.alternative !== nameOf(alternative)) return
        wasAttacked = true
        for (const admission of Object.keys(attacks.admitted)) needed.add(`${nameOf(alternative)} ${admission}`)
      })
      noteBody(prepared)
      if (outcome.kind === 'handshake') {
        spec.handshakes?.forEach(({ name }, at) => name === outcome.name && reach('handshakes', at))
        return
      }
      for (const at of sightings.matchRules) reach('match', at)
      const answer = (spec.answers ?? []).findIndex(({ when }, at) => when === undefined || sightings.answers.has(at))
      if (answer !== -1) reach('answers', answer)
      noteEvents(seen)
      noteTriggers(seen)
    },
    report() {
      const placeOf = (path: DocumentPath): Place => {
        const { line, column } = yaml.positionOf(path)
        return { file, line, column }
      }
      const isReached = ({ path }: Clause): boolean => reached.has(pathText(path))
      const unneeded = spec.verify.flatMap((alternative, at) =>
        (alternative.does_not_cover ?? []).flatMap((admission, index) => {
          const isAttacked = wasAttacked && reached.has(pathText(['verify', at]))
          if (!isAttacked || needed.has(`${nameOf(alternative)} ${admission}`)) return []
          const path = ['verify', at, 'does_not_cover', index]
          return [{ place: placeOf(path), clause: `${pathText(path)} (${admission})` }]
        }),
      )
      return {
        provider: spec.provider,
        file,
        reached: clauses.filter(isReached).length,
        unreached: clauses
          .filter((clause) => !isReached(clause))
          .map(({ path, label }) => ({
            place: placeOf(path),
            clause: label === null ? pathText(path) : `${pathText(path)} (${label})`,
          })),
        unneeded,
      }
    },
  }
}

/** What an example can reach, in the order of the reference card that a spec is. */
function clausesOf(spec: ProviderSpec): Clause[] {
  const list = (
    name: string,
    items: readonly unknown[] | undefined,
    labelOf: (at: number) => string | null,
  ): Clause[] => (items ?? []).map((_, at) => ({ path: [...name.split('.'), at], label: labelOf(at) }))
  const { body, verify, handshakes, event, match, strip, forward, answers } = spec
  const single = (present: unknown, ...path: string[]): Clause[] =>
    present === undefined ? [] : [{ path, label: null }]
  return [
    ...(Array.isArray(body)
      ? list('body', body, (at) => (typeof body[at] === 'string' ? body[at] : 'form_json'))
      : single(body, 'body')),
    ...list('verify', verify, (at) => nameOf(verify[at]!)),
    ...single(spec.refused, 'refused'),
    ...list('refusals', spec.refusals, (at) => spec.refusals![at]!.codes.join(', ')),
    ...list('handshakes', handshakes, (at) => handshakes![at]!.name),
    ...(['each', 'type', 'dedupe', 'time', 'skip'] as const).flatMap((name) => single(event[name], 'event', name)),
    ...list('match', match, (at) => match![at]!.field),
    ...list('strip', strip, (at) => strip![at]!),
    ...list('forward.headers', forward?.headers, (at) => forward!.headers![at]!),
    ...list('forward.query', forward?.query, (at) => forward!.query![at]!),
    ...list('answers', answers, () => null),
    ...Object.entries(spec.syncs ?? {}).flatMap(([name, { on = {} }]) =>
      Object.keys(on).map((pattern): Clause => ({ path: ['syncs', name, 'on', pattern], label: null })),
    ),
  ]
}

/** Whether there is something to split; what lies below the items is as the provider likes. */
function isBatch(value: unknown, path: readonly string[]): boolean {
  const open = path.findIndex((name) => name === '[]' || name === '*')
  const found = readMember(value, open === -1 ? path : path.slice(0, open))
  return path[open] === '*' ? isObject(found) : Array.isArray(found)
}
