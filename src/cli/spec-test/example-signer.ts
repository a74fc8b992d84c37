/**
 * Makes an example's request ready to be received: signed, unless it carries a signature of its own, and beside it the secrets and
 * keys with which the gateway is to verify it.
 *
 * A recorded signature is verified with what the example and the spec say. To sign itself the runner needs the private half of every
 * key pair, which no spec has: there it takes throwaway keys, and they stand in for the pinned keys, the published key sets and the
 * secrets that are public keys, also for those that `given` names. A stranger, who knows the spec but no secret, has keys of his own.
 */
import type { KeyObject } from 'node:crypto'
import { trialSecrets } from '../../compose/trial.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { RequestView } from '../../domain/expression.ts'
import type { Alternative, Example } from '../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../domain/request.ts'
import { Secret } from '../../domain/secret.ts'
import { decodeBody } from '../../spec/body.ts'
import { compileSpec } from '../../spec/compile.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'
import { createRequestView } from '../../spec/request-view.ts'
import type { createVerifier } from '../../verify/create-verifier.ts'
import { createKeyRing, type KeyPool, type KeyRing } from '../../verify/key-ring.ts'
import { symmetricKey } from '../../verify/key.ts'
import { nameOf } from '../../verify/scheme.ts'
import { createSigner, hasSignature } from '../../verify/signer.ts'
import type { ConnectionSecrets, ExpressionCompiler, KeySets } from '../../verify/verifier.ts'
import { givenOptions, givenSecrets } from './given.ts'

export type SecretMap = ReadonlyMap<string, readonly Secret[]>

export interface ReadyRequest {
  readonly request: InboundRequest
  /** The spec with the keys that belong to the signature. */
  readonly spec: CompiledSpec
  readonly secrets: SecretMap
  readonly options: Readonly<Record<string, string>>
  readonly keySets: KeySets
  readonly connectionSecrets: ConnectionSecrets
  readonly remarks: readonly string[]
  /** Whether the runner has made the signature, so that it has the provider's keys too. */
  readonly isSignedHere: boolean
}

export type Who = 'provider' | 'stranger'

export interface ForgeInput {
  readonly who: Who
  /** Name of the alternative. */
  readonly alternative: string
  readonly request: InboundRequest
  readonly now: number
  /** Secrets to sign with beside those of whoever signs. */
  readonly secrets?: SecretMap | undefined
}

export interface SignExampleInput {
  readonly example: Example
  readonly request: InboundRequest
  readonly now: number
  readonly connectionSecrets: ConnectionSecrets
}

export interface ExampleSigner {
  /** Rejects where the example asks for a signature (`sign: true` or a name) that cannot be made. */
  sign(input: SignExampleInput): Promise<ReadyRequest>
  /** Another request with the proof of one alternative beside what it carries; null where nobody but the real provider can make it. */
  forge(ready: ReadyRequest, input: ForgeInput): Promise<InboundRequest | null>
  /** The private or secret key with which this alternative is signed; undefined where it is not to be had. */
  signingKey(ready: ReadyRequest, alternative: Alternative, who: Who): KeyObject | undefined
  /** A secret of the right form for every name, made up and not the stranger's, to be configured where an example does not say. */
  readonly madeUpSecrets: SecretMap
}

export interface SignerParts {
  readonly compileExpression: ExpressionCompiler
  readonly keyPool: KeyPool
  readonly createVerifier: typeof createVerifier
}

const STRANGER = new Secret('somebody who knows the spec and no secret')
const NOBODY = new Secret('configured, and given to nobody')
/** Beyond the number of key pairs that any spec has. */
const STRANGERS_FIRST_PAIR = 64

export function createExampleSigner(compiled: CompiledSpec, parts: SignerParts): ExampleSigner {
  const { document } = compiled
  const { compileExpression, keyPool: pool } = parts
  const rings: Record<Who, KeyRing> = {
    provider: createKeyRing(document.verify, { pool }),
    stranger: createKeyRing(document.verify, { pool, firstNumber: STRANGERS_FIRST_PAIR }),
  }
  const signer = createSigner(document.verify, { compileExpression })
  let ringed: CompiledSpec | undefined
  /** The spec with the ring's keys in place of the pinned ones. */
  const withRingKeys = (): CompiledSpec =>
    (ringed ??= document.verify.every((alternative) => alternative.public_key === undefined)
      ? compiled
      : compileSpec(document, compiled.file, {
          compileExpression,
          createVerifier: (alternatives, given) =>
            parts.createVerifier(alternatives, {
              ...given,
              publicKeyOverride: (one) => rings.provider.publicKeyOverride(one),
            }),
        }))

  const provesNothing = document.verify.every(({ scheme }) => scheme === 'unverified')

  /** The secrets that are public keys, as the ring has them. */
  const publicKeysOf = (ring: KeyRing): (readonly [string, readonly Secret[]])[] =>
    Object.keys(document.secrets ?? {}).flatMap((name) => {
      const key = ring.publicSecret(name)
      return key === undefined ? [] : [[name, [new Secret(key)]] as const]
    })

  const viewer =
    (options: Readonly<Record<string, string>>, now: number) =>
    (seen: InboundRequest): RequestView =>
      createRequestView({ request: seen, decode: () => decodeBody(compiled.bodyKinds, seen.rawBody), options, now })

  const strangersSecrets: SecretMap = trialSecrets(STRANGER, document)

  return {
    madeUpSecrets: new Map([...trialSecrets(NOBODY, document), ...publicKeysOf(rings.provider)]),

    async sign({ example, request, now, connectionSecrets }) {
      const options = givenOptions(document, example)
      const madeUp = example.given?.secrets === undefined ? publicKeysOf(rings.provider) : []
      const given = new Map([...givenSecrets(document, example), ...madeUp])
      const keySets = rings.provider.keySetsFor({ documents: example.given?.documents, jwk: example.given?.jwk })
      const common = { options, keySets, connectionSecrets }
      const asItIs = { ...common, request, spec: compiled, secrets: given, remarks: [], isSignedHere: false }
      const isWanted = example.sign ?? (provesNothing || hasSignature(document.verify, request) ? false : undefined)
      if (isWanted === false) return asItIs

      const secrets = new Map([...given, ...publicKeysOf(rings.provider).filter(([name]) => given.has(name))])
      try {
        const signed = await signer.sign({
          // An example that expects a scheme to accept is of a provider that signs in this way.
          alternative: typeof isWanted === 'string' ? isWanted : example.expect.scheme,
          request,
          secrets: (name) => secrets.get(name) ?? [],
          connectionSecrets,
          now,
          keyRing: rings.provider,
          viewOf: viewer(options, now),
        })
        return { ...common, request: signed, spec: withRingKeys(), secrets, remarks: [], isSignedHere: true }
      } catch (error) {
        // Not every request is meant to be signed: a handshake may come before any secret is known, a refusal may be expected.
        if (isWanted !== undefined || !(error instanceof GatewayError)) throw error
        return { ...asItIs, remarks: [`sent unsigned: ${error.message}`] }
      }
    },

    async forge(ready, { who, alternative, request, now, secrets: added = new Map() }) {
      const own = who === 'provider' ? ready.secrets : strangersSecrets
      // No others, lest the signer leave out an alternative that another secret switches off.
      const needed = secretsIn(document.verify.find((one) => nameOf(one) === alternative))
      // What a recorded signature was made with is not here: of a key pair only the public half.
      const keyRing = who === 'provider' && !ready.isSignedHere ? undefined : rings[who]
      try {
        return await signer.sign({
          alternative,
          request,
          secrets: (name) => (needed.has(name) ? (added.get(name) ?? own.get(name) ?? []) : []),
          connectionSecrets: who === 'provider' ? ready.connectionSecrets : undefined,
          now,
          keyRing,
          viewOf: viewer(ready.options, now),
        })
      } catch (error) {
        if (error instanceof GatewayError) return null
        throw error
      }
    },

    signingKey(ready, alternative, who) {
      if (who === 'stranger' || ready.isSignedHere) {
        const pair = rings[who].privateKey(alternative)
        if (pair !== undefined) return pair
      }
      const { secret, scheme, algorithms } = alternative
      const isShared =
        scheme === 'jwt' ? algorithms?.[0]?.startsWith('HS') === true : !/^(ed25519|rsa|ecdsa)/.test(scheme)
      const text =
        secret === undefined ? undefined : (who === 'provider' ? ready.secrets : strangersSecrets).get(secret)?.[0]
      return isShared && text !== undefined ? symmetricKey(text.reveal(), alternative.key ?? {}) : undefined
    },
  }
}

/** Every secret that the alternative names, in its own clauses, in templates, and in what must be there as well. */
function secretsIn(alternative: Alternative | undefined): ReadonlySet<string> {
  if (alternative === undefined) return new Set()
  const { secret, username, password, also = [] } = alternative
  const inTemplates = [...JSON.stringify(alternative).matchAll(/\{secret:([a-z0-9_]+)\}/g)].map((found) => found[1]!)
  const own = [secret, username, password].filter((name) => name !== undefined)
  return new Set([...own, ...inTemplates, ...also.flatMap((other) => [...secretsIn(other)])])
}
