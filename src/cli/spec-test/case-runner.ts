/**
 * Runs one example through the code that the gateway runs: the spec as compiled, verification, handshakes, events, matches, the plan
 * of deliveries, the bodies and headers of the forwards. What stands around that code is made still: the clock stands at the
 * example's time, ids are the same in every run, connections are a list, published keys come from a key ring and never from a network.
 */
import { createIds } from '../../domain/ids.ts'
import type { ReceivedEvent } from '../../domain/event.ts'
import type { Example } from '../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../domain/request.ts'
import type { Secret } from '../../domain/secret.ts'
import type { Verification } from '../../domain/verification.ts'
import { type Interpretation, interpretRequest } from '../../engine/receive/interpret.ts'
import type { ConnectionDirectory } from '../../engine/ports.ts'
import type { IntegrationSettings } from '../../engine/settings.ts'
import { decodeBody } from '../../spec/body.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'
import { createRequestView } from '../../spec/request-view.ts'
import { createVerifier } from '../../verify/create-verifier.ts'
import { createKeyPool, type KeyPool } from '../../verify/key-ring.ts'
import type { ExpressionCompiler } from '../../verify/verifier.ts'
import type { SpecWatch } from './coverage/watch.ts'
import { createConnectionList } from './connection-list.ts'
import { defaultPublicUrl, exampleRequest } from './example-request.ts'
import { createExampleSigner, type ExampleSigner, type ReadyRequest, type SecretMap } from './example-signer.ts'
import { forwardsOf } from './forwards.ts'
import { givenIntegration, givenTime } from './given.ts'
import type { Observation, SeenEvent } from './observation.ts'
import { createFindTriggers } from './sync/seen-triggers.ts'

export interface CaseRunner {
  readonly provider: string
  readonly signer: ExampleSigner
  /** Rejects where the example cannot be run, such as one that asks for a signature that nobody can make. */
  prepare(example: Example): Promise<PreparedCase>
}

export interface PreparedCase {
  readonly example: Example
  /** The clock's time, ms since the epoch. */
  readonly now: number
  readonly ready: ReadyRequest
  readonly integration: IntegrationSettings
  readonly directory: ConnectionDirectory
  /** What the gateway makes of the request, or of a variation of it. */
  observe(variation?: Variation): Promise<Observation>
  /** What verification alone says of the request. */
  verify(): Promise<Verification>
}

/** What is different from the example as it stands. */
export interface Variation {
  readonly request?: InboundRequest | undefined
  readonly now?: number | undefined
  /** Configured in addition. */
  readonly secrets?: SecretMap | undefined
}

export interface RunnerParts {
  readonly compileExpression: ExpressionCompiler
  /** Shared by the runners of many specs. */
  readonly keyPool?: KeyPool
  /** The gateway's own unless a test shows that a weakened one is noticed. */
  readonly createVerifier?: typeof createVerifier
  readonly interpret?: typeof interpretRequest
  /** Stands between the spec and what runs it, to see what is reached. */
  readonly watch?: Pick<SpecWatch, 'spec' | 'directory'> | undefined
}

export function createCaseRunner(compiled: CompiledSpec, parts: RunnerParts): CaseRunner {
  const { provider, document } = compiled
  const { interpret = interpretRequest, watch } = parts
  const signer = createExampleSigner(compiled, {
    compileExpression: parts.compileExpression,
    keyPool: parts.keyPool ?? createKeyPool(),
    createVerifier: parts.createVerifier ?? createVerifier,
  })
  const findTriggers = createFindTriggers(document)
  return {
    provider,
    signer,
    async prepare(example) {
      const now = givenTime(example)
      const bare = exampleRequest(document, example, example.given?.public_url ?? defaultPublicUrl(provider))
      const connections = createConnectionList(example.given?.connections ?? [])
      const ready = await signer.sign({ example, request: bare, now, connectionSecrets: connections.secrets })
      const { options, keySets, connectionSecrets } = ready
      const integration = givenIntegration(watch?.spec(ready.spec) ?? ready.spec, ready)
      const directory = watch?.directory(connections) ?? connections
      return {
        example,
        now,
        ready,
        integration,
        directory,
        async observe(variation = {}) {
          const { request = ready.request, now: at = now, secrets } = variation
          const configured =
            secrets === undefined
              ? integration
              : { ...integration, secrets: new Map([...integration.secrets, ...secrets]) }
          const ids = createIds({ now: () => at, randomBytes: (size) => new Uint8Array(size) })
          const input = { integration: configured, request, now: at, directory, keySets, connectionSecrets, ids }
          const meaning = await interpret(input)
          const isAccepted = meaning.kind === 'accepted'
          const given = example.given?.connections ?? []
          const asked =
            isAccepted && example.expect.syncs !== undefined
              ? await findTriggers({ integration: configured, meaning, connections: given, now: at })
              : null
          return {
            request: sentRequest(request),
            outcome: outcomeOf(meaning),
            scheme: meaning.kind === 'handshake' ? null : (meaning.verification.scheme ?? null),
            answer: meaning.answer,
            events: isAccepted ? meaning.events.map(seenEvent) : [],
            forwarded: isAccepted ? forwardsOf(configured, meaning, ids) : [],
            syncs: asked?.triggers ?? null,
            captured: capturedBy(meaning),
            confirms: meaning.kind === 'handshake' ? (meaning.confirm ?? null) : null,
            problems: [...ready.remarks, ...meaning.problems, ...(asked?.problems ?? [])],
          }
        },
        async verify() {
          const { request, secrets, spec } = ready
          const decode = (): ReturnType<typeof decodeBody> => decodeBody(spec.bodyKinds, request.rawBody)
          const view = createRequestView({ request, decode, options, now })
          const known = (name: string): readonly Secret[] => secrets.get(name) ?? []
          return spec.verifier.verify({ request, view, secrets: known, now, keySets, connectionSecrets })
        },
      }
    },
  }
}

export function sentRequest({ method, url, headers, rawBody }: InboundRequest): Observation['request'] {
  return { method, url, headers: [...headers.pairs()], rawBody }
}

function outcomeOf(meaning: Interpretation): Observation['outcome'] {
  switch (meaning.kind) {
    case 'accepted':
      return { kind: 'accepted' }
    case 'handshake':
      return { kind: 'handshake', name: meaning.name }
    case 'refused':
      return { kind: 'refused', code: meaning.verification.code, detail: meaning.verification.detail }
  }
}

function capturedBy(meaning: Interpretation): Record<string, string> {
  if (meaning.kind !== 'handshake' || meaning.captured === undefined) return {}
  const { name, value } = meaning.captured
  return { [name]: value.reveal() }
}

function seenEvent({ type, dedupeKey, occurredAt, match }: ReceivedEvent): SeenEvent {
  return {
    type,
    dedupe: dedupeKey,
    time: occurredAt === null ? null : new Date(occurredAt).toISOString(),
    skipped: match.kind === 'skipped',
    connections: match.kind === 'matched' ? match.connections : [],
  }
}
