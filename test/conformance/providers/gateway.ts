/**
 * Our side of an entry: the real spec from `specs/`, compiled and interpreted by the gateway's own code, and the signer with which
 * `postern trigger` and the spec-runner make what a provider would send.
 */
import { createPublicKey } from 'node:crypto'
import { createConnectionList } from '../../../src/cli/spec-test/connection-list.ts'
import { givenIntegration } from '../../../src/cli/spec-test/given.ts'
import { packageFile } from '../../../src/document/package-file.ts'
import { createIds } from '../../../src/domain/ids.ts'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../../src/domain/request.ts'
import { Secret } from '../../../src/domain/secret.ts'
import { interpretRequest } from '../../../src/engine/receive/interpret.ts'
import { decodeBody } from '../../../src/spec/body.ts'
import { compileSpec } from '../../../src/spec/compile.ts'
import { readSpecFile } from '../../../src/spec/load.ts'
import { createRequestView } from '../../../src/spec/request-view.ts'
import { createKeyPool, createKeyRing, type KeyRing, RING_KEY_ID } from '../../../src/verify/key-ring.ts'
import { nameOf } from '../../../src/verify/scheme.ts'
import { createSigner } from '../../../src/verify/signer.ts'
import { compileExpression } from '../../verify/verifying.ts'
import type { Conformity, Keys } from './conformity.ts'

export interface Judgement {
  readonly accepts: boolean
  /** Which alternative, or why not. */
  readonly because: string
}

/** Somebody who can sign: the provider, or one who knows everything but its keys. */
export interface Party {
  readonly keys: Keys
  sign(request: InboundRequest, now: number, options?: Readonly<Record<string, string>>): Promise<InboundRequest>
}

export interface Gateway {
  readonly provider: Party
  readonly stranger: Party
  /** What the gateway makes of a request, with the provider's keys configured. Only what becomes events counts as accepted. */
  judge(request: InboundRequest, now: number): Promise<Judgement>
}

const pool = createKeyPool()
const ids = createIds({ now: () => 0, randomBytes: (size) => new Uint8Array(size) })
const directory = createConnectionList([])

export async function openGateway(conformity: Conformity): Promise<Gateway> {
  const { loaded, findings } = readSpecFile(packageFile(`specs/${conformity.provider}.yaml`))
  if (loaded === null) throw new Error(findings.map(({ message }) => message).join('\n'))
  const document = loaded.spec
  const spec = compileSpec(document, loaded.file, { compileExpression })
  const alternative = document.verify.find((one) => nameOf(one) === (conformity.alternative ?? nameOf(one)))
  if (alternative === undefined) throw new Error(`the spec has no alternative ${conformity.alternative}`)
  const options = conformity.options ?? {}
  const signer = createSigner(document.verify, { compileExpression })

  const partyOf = async (firstNumber: number, given: Readonly<Record<string, string>>): Promise<Party & Held> => {
    const ring = createKeyRing(document.verify, { pool, firstNumber })
    const secrets = secretsOf(alternative, ring, given)
    return {
      ring,
      secrets,
      keys: {
        secret: secrets.get(alternative.secret ?? '')?.[0]?.reveal() ?? '',
        published: alternative.jwks === undefined ? {} : await publishedBy(ring, alternative.jwks),
      },
      sign: (request, now, signedOptions = options) =>
        signer.sign({
          alternative: nameOf(alternative),
          request,
          secrets: (name) => secrets.get(name) ?? [],
          now,
          keyRing: ring,
          viewOf: (seen) =>
            createRequestView({
              request: seen,
              decode: () => decodeBody(spec.bodyKinds, seen.rawBody),
              options: signedOptions,
              now,
            }),
        }),
    }
  }
  const given = conformity.secrets ?? {}
  const provider = await partyOf(0, given)
  const stranger = await partyOf(
    64,
    Object.fromEntries(Object.entries(given).map(([name, text]) => [name, another(text)])),
  )
  const integration = givenIntegration(spec, { secrets: provider.secrets, options })

  return {
    provider,
    stranger,
    async judge(request, now) {
      const { keySets } = provider.ring
      const meaning = await interpretRequest({ integration, request, now, directory, keySets, ids })
      if (meaning.kind === 'handshake') return { accepts: false, because: `handshake ${meaning.name}` }
      const { verification } = meaning
      return meaning.kind === 'accepted'
        ? { accepts: true, because: verification.scheme ?? '' }
        : { accepts: false, because: meaning.verification.code }
    },
  }
}

interface Held {
  readonly ring: KeyRing
  readonly secrets: ReadonlyMap<string, readonly Secret[]>
}

/** The entry's, and where it gives none the public key that the ring has for the alternative. */
function secretsOf(
  { secret: name }: Alternative,
  ring: KeyRing,
  given: Readonly<Record<string, string>>,
): ReadonlyMap<string, readonly Secret[]> {
  const texts = Object.entries(given)
  const publicKey = name === undefined ? undefined : ring.publicSecret(name)
  if (name !== undefined && given[name] === undefined && publicKey !== undefined) texts.push([name, publicKey])
  return new Map(texts.map(([key, text]) => [key, [new Secret(text)]]))
}

async function publishedBy(ring: KeyRing, url: string): Promise<Record<string, string>> {
  const { keys } = await ring.keySets.fetch(url)
  const key = createPublicKey({ key: keys[0]!, format: 'jwk' })
  return { [RING_KEY_ID]: key.export({ type: 'spki', format: 'pem' }).toString() }
}

/** A secret of the same form: one character in its middle is another, in whichever encoding. */
function another(text: string): string {
  const at = Math.ceil(text.length / 2)
  return text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1)
}
