/**
 * Requests that are genuine and still meant to deceive: the same one sent again, and secrets of the body written so that they might be
 * overlooked where the spec says that they are removed. They are taken; what comes of them is looked at.
 */
import { isObject } from '../../../verify/data-path.ts'
import { decodeBody } from '../../../spec/body.ts'
import type { Observation } from '../observation.ts'
import { type Attack, type AttackGenerator, forge, type Target } from './attack.ts'
import { withBody } from './edits.ts'

export const deceptions: AttackGenerator = async (target) => [...replays(target), ...(await hiddenSecrets(target))]

/**
 * Sent again within any tolerance, so that no clock can tell. An event with a dedupe key is then a duplicate as long as its key is the same; one
 * without counts as new within the tolerance, or for ever where there is none.
 */
function replays({ seen, alternative, now }: Target): Attack[] {
  const events = seen.events.filter((event) => !event.skipped)
  const isBounded = alternative.timestamp !== undefined || alternative.scheme === 'jwt'
  if (events.length === 0 || (isBounded && events.every((event) => event.dedupe === null))) return []
  return [
    {
      name: 'sent again a second later',
      now: now + 1_000,
      against: 'time',
      mayBeHarmless: false,
      judge(again) {
        const fresh = again.events.filter(
          (event, at) =>
            !event.skipped && (event.dedupe === null ? !isBounded : event.dedupe !== seen.events[at]?.dedupe),
        )
        return fresh.length === 0 ? null : `${fresh.length} of ${events.length} events count as new`
      },
    },
  ]
}

/** Each member that is to be removed: where it stands, with its name escaped, and twice. */
async function hiddenSecrets(target: Target): Promise<Attack[]> {
  const { spec, request, alternative, prepared } = target
  const paths = (spec.strip ?? []).map((path) => path.slice('body'.length).match(/\[\]|[^.[\]]+/g) ?? [])
  const text = Buffer.from(request.rawBody).toString('utf8')
  const decoded = decodeBody(prepared.ready.spec.bodyKinds, request.rawBody)
  const body = decoded.kind === 'unreadable' ? undefined : decoded.value
  const attacks: Attack[] = []
  for (const path of paths) {
    const name = path.at(-1)!
    const secrets = valuesAt(body, path).filter((value) => typeof value === 'string' && value.length > 5) as string[]
    if (name === '[]' || secrets.length === 0) continue
    // A text that stands elsewhere too is no secret there.
    const telling = secrets.filter(
      (secret) => countOf(text, JSON.stringify(secret)) === countOf(secrets.join('\n'), secret),
    )
    const judge = (again: Observation): string | null => findSecret(again, telling, path)
    const escaped = `"\\u00${name.charCodeAt(0).toString(16).padStart(2, '0')}${name.slice(1)}"`
    const plain = new RegExp(`"${name.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)}"(?=\\s*:)`, 'g')
    const versions: readonly (readonly [string, string])[] = [
      [`the secret member ${path.join('.')}`, text],
      ...(decoded.kind === 'json'
        ? ([
            [`the secret member ${path.join('.')} under an escaped name`, text.replaceAll(plain, escaped)],
            [
              `the secret member ${path.join('.')} twice`,
              text.replaceAll(plain, (found) => `${found}:${JSON.stringify(secrets[0])},${found}`),
            ],
          ] as const)
        : []),
    ]
    for (const [what, changed] of versions) {
      const sent =
        changed === text
          ? request
          : await forge(target, { who: 'provider', alternative, request: withBody(request, changed) })
      if (sent === null) continue
      attacks.push({ name: what, against: null, mayBeHarmless: false, request: sent, judge })
    }
  }
  return attacks
}

function findSecret(seen: Observation, secrets: readonly string[], path: readonly string[]): string | null {
  const shows = seen.forwarded.some(
    ({ payload, payloadText }) =>
      valuesAt(payload, path).length > 0 || secrets.some((secret) => payloadText.includes(JSON.stringify(secret))),
  )
  return shows ? `body.${path.join('.')} is forwarded` : null
}

function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [name, ...rest] = path
  if (name === undefined) return value === undefined ? [] : [value]
  if (name === '[]') return Array.isArray(value) ? (value as unknown[]).flatMap((item) => valuesAt(item, rest)) : []
  return isObject(value) && Object.hasOwn(value, name) ? valuesAt(value[name], rest) : []
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1
}
