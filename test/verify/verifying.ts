/** What the tests of verification share: requests, views, and one call that verifies. */
import type { RequestView } from '../../src/domain/expression.ts'
import type { ConnectionId } from '../../src/domain/ids.ts'
import type { Alternative, ProviderSpec } from '../../src/domain/provider-spec.gen.ts'
import { HeaderList, type InboundRequest } from '../../src/domain/request.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { Verification } from '../../src/domain/verification.ts'
import { createExpressionCompiler } from '../../src/expression/compile.ts'
import { bodyKindsOf, decodeBody } from '../../src/spec/body.ts'
import { createRequestView } from '../../src/spec/request-view.ts'
import { createVerifier, type VerifierParts } from '../../src/verify/create-verifier.ts'
import type { KeyRing } from '../../src/verify/key-ring.ts'
import { createSigner } from '../../src/verify/signer.ts'
import type { ConnectionSecrets, DocumentRequest, KeySets, VerifyContext } from '../../src/verify/verifier.ts'

export const NOW = Date.UTC(2026, 2, 2, 10, 0, 0)
export const URL_CALLED = 'https://hooks.example.com/webhook/acme'

export interface RequestParts {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}

export function inbound({ method = 'POST', url = URL_CALLED, headers = {}, body = '' }: RequestParts): InboundRequest {
  return { method, url, headers: HeaderList.from(headers), rawBody: Buffer.from(body) }
}

/** The gateway's own expressions. */
export const compileExpression = createExpressionCompiler()

export function viewOf(
  request: InboundRequest,
  options: Readonly<Record<string, string>> = {},
  now = NOW,
  body: ProviderSpec['body'] = ['json', 'form', 'empty'],
): RequestView {
  return createRequestView({ request, decode: () => decodeBody(bodyKindsOf(body), request.rawBody), options, now })
}

export type SecretTexts = Readonly<Record<string, string | readonly string[]>>

export function secretsFrom(texts: SecretTexts): (name: string) => readonly Secret[] {
  const secrets = new Map(
    Object.entries(texts).map(([name, text]) => [name, [text].flat().map((one) => new Secret(one))] as const),
  )
  return (name) => secrets.get(name) ?? []
}

export const noKeySets: KeySets = {
  fetch: async (url) => {
    throw new Error(`nobody publishes ${url}`)
  },
}

/** Documents by URL, for the schemes whose key is fetched; `asked` gets every request. */
export function documentsFrom(
  documents: Readonly<Record<string, string>>,
  asked: DocumentRequest[] = [],
  fetchedAt = NOW,
): KeySets {
  const textOf = (url: string): string => {
    if (Object.hasOwn(documents, url)) return documents[url]!
    throw new Error(`nobody publishes ${url}`)
  }
  return {
    fetch: async (url) => JSON.parse(textOf(url)) as { keys: Record<string, unknown>[] },
    async document(request) {
      asked.push(request)
      return { text: textOf(request.url), fetchedAt }
    },
  }
}

export interface GivenConnection {
  readonly id: string
  /** Field to value. */
  readonly identifiers: Readonly<Record<string, string>>
  readonly secrets: SecretTexts
}

export function connectionSecretsFrom(connections: readonly GivenConnection[]): ConnectionSecrets {
  const known = connections.map(({ secrets, ...rest }) => ({ ...rest, secrets: secretsFrom(secrets) }))
  return {
    find: ({ field, values, name }) =>
      known
        .filter(({ identifiers }) => values.includes(identifiers[field] ?? ''))
        .map(({ id, secrets }) => ({ connectionId: id as ConnectionId, secrets: secrets(name) })),
  }
}

export interface Surroundings {
  readonly secrets?: SecretTexts
  readonly options?: Readonly<Record<string, string>>
  readonly now?: number
  readonly keyRing?: KeyRing
  readonly keySets?: KeySets
  readonly connections?: readonly GivenConnection[]
  /** How the body is decoded. */
  readonly body?: ProviderSpec['body']
}

export function contextOf(request: InboundRequest, given: Surroundings = {}): VerifyContext {
  const configured = secretsFrom(given.secrets ?? {})
  const now = given.now ?? NOW
  return {
    request,
    view: viewOf(request, given.options, now, given.body),
    secrets: (name) => {
      const publicSecret = given.keyRing?.publicSecret(name)
      return publicSecret === undefined ? configured(name) : [new Secret(publicSecret)]
    },
    now,
    keySets: given.keySets ?? given.keyRing?.keySets ?? noKeySets,
    connectionSecrets: given.connections === undefined ? undefined : connectionSecretsFrom(given.connections),
  }
}

export function verifierOf(
  alternatives: Alternative | readonly Alternative[],
  keyRing?: KeyRing,
  parts: Partial<VerifierParts> = {},
): ReturnType<typeof createVerifier> {
  return createVerifier([alternatives].flat(), {
    compileExpression,
    publicKeyOverride: keyRing === undefined ? undefined : (alternative) => keyRing.publicKeyOverride(alternative),
    ...parts,
  })
}

export async function verify(
  alternatives: Alternative | readonly Alternative[],
  request: InboundRequest,
  given: Surroundings = {},
): Promise<Verification> {
  return verifierOf(alternatives, given.keyRing).verify(contextOf(request, given))
}

export async function sign(
  alternatives: Alternative | readonly Alternative[],
  request: InboundRequest,
  given: Surroundings & { readonly alternative?: string } = {},
): Promise<InboundRequest> {
  const now = given.now ?? NOW
  return createSigner([alternatives].flat(), { compileExpression }).sign({
    request,
    secrets: secretsFrom(given.secrets ?? {}),
    now,
    keyRing: given.keyRing,
    alternative: given.alternative,
    connectionSecrets: given.connections === undefined ? undefined : connectionSecretsFrom(given.connections),
    viewOf: (changed) => viewOf(changed, given.options, now, given.body),
  })
}

/** The same request with some headers replaced; undefined takes one out. */
export function withHeaders(
  request: InboundRequest,
  changes: Readonly<Record<string, string | readonly string[] | undefined>>,
): InboundRequest {
  const lower = Object.fromEntries(Object.entries(changes).map(([name, value]) => [name.toLowerCase(), value]))
  const kept = [...request.headers.pairs()].filter(([name]) => !Object.hasOwn(lower, name)).flat()
  const added = Object.entries(lower).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().flatMap((one) => [name, one]),
  )
  return { ...request, headers: new HeaderList([...kept, ...added]) }
}

export function withBody(request: InboundRequest, body: string | Uint8Array): InboundRequest {
  return { ...request, rawBody: Buffer.from(body) }
}

/** A copy with one bit turned over. */
export function flipBit(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  const at = Math.floor(bit / 8) % copy.length
  copy[at] = copy[at]! ^ (1 << (bit % 8))
  return copy
}
