/**
 * The examples of a spec as `postern trigger` names them: by their sentence, by a slug of it, by the beginning of the slug, or by the
 * type of an event.
 */
import { GatewayError } from '../domain/errors.ts'
import type { Example, ProviderSpec } from '../domain/provider-spec.gen.ts'
import { suggest } from '../domain/suggestion.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'

/** `an issue is opened` → `an-issue-is-opened` */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
}

/** The example that is meant. Throws `example_unknown` where none is, or several are. */
export function findExample(spec: ProviderSpec, wanted: string): Example {
  const exact = spec.examples.find((example) => example.name === wanted)
  if (exact !== undefined) return exact
  const slug = slugOf(wanted)
  const same = spec.examples.filter((example) => slugOf(example.name) === slug)
  if (same.length === 1) return same[0]!
  const beginning = slug === '' ? [] : spec.examples.filter((example) => slugOf(example.name).startsWith(slug))
  if (beginning.length === 1) return beginning[0]!
  const ofType = spec.examples.find((example) => isAccepted(example) && typesOf(example).includes(wanted))
  if (ofType !== undefined) return ofType
  const slugs = (beginning.length > 1 ? beginning : spec.examples).map((example) => slugOf(example.name))
  throw new GatewayError({
    code: 'example_unknown',
    message:
      beginning.length > 1
        ? `${beginning.length} examples of ${spec.provider} begin with "${wanted}": ${slugs.join(', ')}.`
        : `The spec of ${spec.provider} has no example "${wanted}".`,
    hint:
      beginning.length > 1
        ? 'Write more of the name.'
        : (suggest(slug, slugs) ?? `See them with: postern trigger ${spec.provider} --list`),
    details: { provider: spec.provider, examples: slugs },
  })
}

/**
 * The example that shows a newcomer the most: an event of a known type that reaches a connection, else any event, else whatever
 * the spec has.
 */
export function typicalExample(spec: ProviderSpec): Example {
  const events = spec.examples.filter(
    (example) => isAccepted(example) && typesOf(example).some((type) => type !== null),
  )
  return events.find(({ given }) => (given?.connections ?? []).length > 0) ?? events[0] ?? spec.examples[0]
}

function typesOf({ expect }: Example): (string | null)[] {
  return (expect.events ?? []).map(({ type = null }) => type)
}

/** Whether the gateway is meant to answer it with success. */
export function isAccepted({ expect }: Example): boolean {
  return expect.refused === undefined
}

/** The status that the spec wants in answer to it; null where any success will do. */
export function expectedStatus(spec: CompiledSpec, { expect }: Example): number | null {
  const status = typeof expect.answer === 'object' ? expect.answer.status : expect.answer
  return status ?? (expect.refused === undefined ? null : spec.refusedAnswer.status)
}
