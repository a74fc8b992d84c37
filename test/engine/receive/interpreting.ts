/** What the tests of receiving share: a spec in a few lines, and what the gateway makes of a request to it. */
import { createIds } from '../../../src/domain/ids.ts'
import type { DestinationName, IntegrationKey } from '../../../src/domain/ids.ts'
import type { MaybePromise } from '../../../src/domain/expression.ts'
import type { ProviderSpec } from '../../../src/domain/provider-spec.gen.ts'
import { type Interpretation, interpretRequest } from '../../../src/engine/receive/interpret.ts'
import type { ConnectionDirectory } from '../../../src/engine/ports.ts'
import type { IntegrationSettings } from '../../../src/engine/settings.ts'
import { compileSpec } from '../../../src/spec/compile.ts'
import type { ExpressionCompiler } from '../../../src/verify/verifier.ts'
import { createConnectionList } from '../../../src/cli/spec-test/connection-list.ts'
import {
  compileExpression as compileDirectly,
  connectionSecretsFrom,
  inbound,
  noKeySets,
  NOW,
  type RequestParts,
  type SecretTexts,
  secretsFrom,
} from '../../verify/verifying.ts'

export interface Given {
  readonly secrets?: SecretTexts
  readonly options?: Readonly<Record<string, string>>
  readonly connections?: readonly {
    readonly id: string
    readonly metadata: Readonly<Record<string, string>>
    readonly secrets?: SecretTexts
  }[]
  /** The gateway's own unless a test wants another. */
  readonly compileExpression?: ExpressionCompiler
  readonly directory?: ConnectionDirectory
}

const OPEN: ProviderSpec['verify'] = [{ scheme: 'unverified', reason: 'Nothing is signed here.' }]

export function settingsFor(
  spec: Partial<ProviderSpec>,
  { secrets = {}, options = {}, compileExpression = compileDirectly }: Given = {},
): IntegrationSettings {
  const document: ProviderSpec = {
    provider: 'acme',
    name: 'Acme',
    docs: 'https://example.com',
    confidence: 'docs',
    verify: OPEN,
    event: { type: 'body.type' },
    examples: [{ name: 'one', request: {}, expect: {} }],
    ...spec,
  }
  const find = secretsFrom(secrets)
  return {
    key: 'acme' as IntegrationKey,
    spec: compileSpec(document, 'acme.yaml', { compileExpression }),
    secrets: new Map(Object.keys(secrets).map((name) => [name, find(name)])),
    options,
    ingressTokens: [],
    forward: ['app' as DestinationName],
    unmatched: 'raw',
    dedupeWindowMs: null,
  }
}

export async function interpret(
  spec: Partial<ProviderSpec>,
  request: RequestParts,
  given: Given = {},
): Promise<Interpretation> {
  return interpretAtOnce(spec, request, given)
}

/** Without a promise where the gateway needs none. */
export function interpretAtOnce(
  spec: Partial<ProviderSpec>,
  request: RequestParts,
  given: Given = {},
): MaybePromise<Interpretation> {
  const connections = given.connections ?? []
  return interpretRequest({
    integration: settingsFor(spec, given),
    request: inbound(request),
    now: NOW,
    directory:
      given.directory ?? createConnectionList(connections.map(({ id, metadata }) => ({ connection_id: id, metadata }))),
    keySets: noKeySets,
    connectionSecrets: connectionSecretsFrom(
      connections.map(({ id, metadata, secrets = {} }) => ({
        id,
        identifiers: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`metadata.${name}`, value])),
        secrets,
      })),
    ),
    ids: createIds({ now: () => NOW, randomBytes: (size) => new Uint8Array(size) }),
  })
}
