/** Puts in what the schemes look for that prove by a token: shared tokens, basic credentials, JSON Web Tokens. */
import { type JWTPayload, SignJWT } from 'jose'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../domain/request.ts'
import { compileBodyHash } from '../body-hash.ts'
import { keyBytes, symmetricKey } from '../key.ts'
import { basicCredentials } from '../schemes/basic.ts'
import { compileClaims } from '../schemes/jwt-claims.ts'
import { compileFormatOf, signatureSourceOf } from '../signature-source.ts'
import type { ExpressionCompiler } from '../verifier.ts'
import { RING_KEY_ID } from '../key-ring.ts'
import { unsignable, withItemValue, withValue } from './request-edit.ts'
import type { SignInput } from '../signer.ts'

/** How long an invented token is valid, in seconds. */
const TOKEN_LIFETIME_S = 300

export function signWithSharedToken(alternative: Alternative, input: SignInput): InboundRequest {
  const bytes = keyBytes(secretText(input, alternative.secret), alternative.key ?? {})
  if (bytes === undefined) throw unsignable(`${alternative.secret} is empty or not as its recipe says`)
  const value = written(alternative, bytes.toString('utf8'))
  const { each, signature = {} } = alternative
  if (each !== undefined && signature.body?.startsWith('item.') === true) {
    return withItemValue(input.request, each, signature.body, value)
  }
  return withValue(input.request, signature, value)
}

export function signWithBasic(alternative: Alternative, input: SignInput): InboundRequest {
  const credentials = basicCredentials(secretText(input, alternative.username), secretText(input, alternative.password))
  return withValue(input.request, { header: 'authorization' }, credentials)
}

/** A fresh token that says what the clause wants to hear; a claim given by a condition cannot be invented and is left out. */
export async function signWithJwt(
  alternative: Alternative,
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<InboundRequest> {
  const { request } = input
  const iat = Math.floor(input.now / 1_000)
  const claims: JWTPayload = {
    iat,
    exp: iat + TOKEN_LIFETIME_S,
    ...(await compileClaims(alternative.claims, compileExpression).write(input.viewOf(request), { iat })),
  }
  const bodyHash = compileBodyHash(alternative)
  if (bodyHash?.claim !== undefined) claims[bodyHash.claim] = bodyHash.write(request.rawBody)

  const key =
    input.keyRing?.privateKey(alternative) ??
    (alternative.secret === undefined
      ? undefined
      : symmetricKey(secretText(input, alternative.secret), alternative.key ?? {}))
  const alg = alternative.algorithms?.[0]
  const isHmac = alg?.startsWith('HS') === true
  if (alg === undefined || key === undefined || (key.type === 'secret') !== isHmac) {
    throw unsignable('there is no key to sign the token with')
  }
  const header = alternative.jwks === undefined ? { alg, typ: 'JWT' } : { alg, typ: 'JWT', kid: RING_KEY_ID }
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(key)
  return withValue(request, signatureSourceOf(alternative) ?? {}, written(alternative, token))
}

function secretText(input: SignInput, name: string | undefined): string {
  const secret = name === undefined ? undefined : input.secrets(name)[0]
  if (secret === undefined) throw unsignable(`the secret ${name} is not configured`)
  return secret.reveal()
}

function written(alternative: Alternative, signature: string): string {
  return (
    (signatureSourceOf(alternative)?.prefix ?? '') + (compileFormatOf(alternative)?.write({ signature }) ?? signature)
  )
}
