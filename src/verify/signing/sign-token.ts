/** Puts in what the schemes look for that prove by a token: shared tokens, basic credentials, JSON Web Tokens. */
import { type JWTPayload, SignJWT } from 'jose'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../domain/request.ts'
import { compileBodyHash } from '../body-hash.ts'
import { isObject } from '../data-path.ts'
import { keyBytes, symmetricKey } from '../key.ts'
import { basicCredentials } from '../schemes/basic.ts'
import { compileClaims } from '../schemes/jwt-claims.ts'
import { compileFormatOf, signatureSourceOf } from '../signature-source.ts'
import type { ExpressionCompiler } from '../verifier.ts'
import { RING_KEY_ID } from '../key-ring.ts'
import { extendView } from '../view.ts'
import { itemsOf, resolvePlace, unsignable, withItemValues, withValue } from './request-edit.ts'
import { fillerFor, signingSecret } from './signing-secret.ts'
import type { SignInput } from '../signer.ts'

/** How long an invented token is valid, in seconds. */
const TOKEN_LIFETIME_S = 300

export async function signWithSharedToken(
  alternative: Alternative,
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<InboundRequest> {
  const { each, signature = {} } = alternative
  const { request } = input
  const view = input.viewOf(request)
  const tokenFor = async (seen: typeof view): Promise<string> => {
    const secret = await signingSecret(alternative, { ...input, viewOf: () => seen }, compileExpression)
    const bytes =
      secret === undefined ? undefined : keyBytes(secret, alternative.key ?? {}, fillerFor(alternative, input))
    if (bytes === undefined) throw unsignable(`${alternative.secret} is missing, empty or not as its recipe says`)
    return written(alternative, bytes.toString('utf8'))
  }
  if (each === undefined || signature.body?.startsWith('item.') !== true) {
    return withValue(request, resolvePlace(signature, view), await tokenFor(view))
  }
  const tokens: string[] = []
  for (const item of itemsOf(view.body, each)) tokens.push(await tokenFor(extendView(view, { item })))
  return withItemValues(request, each, signature.body, tokens)
}

export function signWithBasic(alternative: Alternative, input: SignInput): InboundRequest {
  const credentials = basicCredentials(secretText(input, alternative.username), secretText(input, alternative.password))
  return withValue(input.request, { header: 'authorization' }, credentials)
}

/**
 * A fresh token that says what the clause wants to hear; a claim given by a condition cannot be invented and is left out. Where the
 * body is the token, what the body says is what the token says.
 */
export async function signWithJwt(
  alternative: Alternative,
  input: SignInput,
  compileExpression: ExpressionCompiler,
): Promise<InboundRequest> {
  const { request } = input
  const source = signatureSourceOf(alternative) ?? {}
  const view = input.viewOf(request)
  const iat = Math.floor(input.now / 1_000)
  const times = { iat, exp: iat + TOKEN_LIFETIME_S }
  const given = source.whole_body === true ? parseClaims(request.rawBody) : {}
  const claims: JWTPayload = {
    ...(await compileClaims(alternative.claims, compileExpression).write(view, { ...times, ...given })),
  }
  for (const name of alternative.required_claims ?? []) claims[name] ??= name
  const bodyHash = compileBodyHash(alternative, compileFormatOf(alternative)?.placeholders ?? [], compileExpression)
  const digest = await bodyHash?.write({ request, view })
  if (bodyHash?.claim !== undefined && digest !== undefined) claims[bodyHash.claim] = digest

  const secret = await signingSecret(alternative, input, compileExpression, claims)
  const key =
    input.keyRing?.privateKey(alternative) ??
    (secret === undefined ? undefined : symmetricKey(secret, alternative.key ?? {}, fillerFor(alternative, input)))
  const alg = alternative.algorithms?.[0]
  const isHmac = alg?.startsWith('HS') === true
  if (alg === undefined || key === undefined || (key.type === 'secret') !== isHmac) {
    throw unsignable('there is no key to sign the token with')
  }
  const isNamed = (alternative.jwks ?? alternative.openid ?? alternative.fetched_key) !== undefined
  const header = isNamed ? { alg, typ: 'JWT', kid: RING_KEY_ID } : { alg, typ: 'JWT' }
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(key)
  return withValue(request, resolvePlace(source, view), written(alternative, token))
}

/** Claims that an example writes as its body, in JSON. */
function parseClaims(body: Uint8Array): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    if (isObject(parsed) && !Array.isArray(parsed)) return parsed
  } catch {
    // said below
  }
  throw unsignable('the body is to be a token, and no JSON object tells its claims')
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
