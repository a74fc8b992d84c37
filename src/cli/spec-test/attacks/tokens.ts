/**
 * Attacks on JSON Web Tokens: the ones of RFC 8725 (no algorithm, the public key taken for a secret, a key that the token brings
 * along), and genuine tokens that are not for us: of another issuer or audience, expired, not valid yet, without a claim that the spec
 * asks for. A provider signs such tokens for others every day. All must be refused.
 */
import { createHmac, createPublicKey, type KeyObject } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import { parseDuration } from '../../../domain/duration.ts'
import type { Alternative } from '../../../domain/provider-spec.gen.ts'
import { type Attack, type AttackGenerator, proofSite, type Target } from './attack.ts'
import { proofTextOf } from './proof-site.ts'

export const tokenAttacks: AttackGenerator = async (target) => {
  const { alternative, request } = target
  const site = alternative.scheme === 'jwt' ? proofSite(target, alternative) : undefined
  const value = site?.read(request)[0]
  const token = value === undefined ? undefined : proofTextOf(alternative, value).texts[0]
  const parts = token === undefined ? undefined : readToken(token)
  if (site === undefined || value === undefined || parts === undefined) return []
  const attack = (name: string, forged: string): Attack => ({
    name,
    against: null,
    mayBeHarmless: false,
    request: site.write(request, [proofTextOf(alternative, value).change(() => forged)]),
  })
  return [
    ...unsigned(parts).map(([name, forged]) => attack(name, forged)),
    ...publicKeyAsSecret(target, parts).map(([name, forged]) => attack(name, forged)),
    ...(await byStranger(target, parts)).map(([name, forged]) => attack(name, forged)),
    ...(await genuineForOthers(target, parts)).map(([name, forged]) => attack(name, forged)),
  ]
}

interface TokenParts {
  readonly token: string
  readonly header: JWTHeaderParameters
  readonly claims: JWTPayload
}

type Forged = readonly [name: string, token: string]

function readToken(token: string): TokenParts | undefined {
  try {
    return { token, header: decodeProtectedHeader(token) as JWTHeaderParameters, claims: decodeJwt(token) }
  } catch {
    return undefined
  }
}

function unsigned({ token, header, claims }: TokenParts): Forged[] {
  const [, , signature = ''] = token.split('.')
  return [
    // What is read leniently can be written in many ways, and may not be what others read.
    ['token with white space after it', `${token} `],
    [
      'token with a line break in its signature',
      token.replace(signature, `${signature.slice(0, 4)}\n${signature.slice(4)}`),
    ],
    ...['none', 'None', 'nOnE', ''].map((alg): Forged => [
      `token of the algorithm "${alg}"`,
      `${encode({ ...header, alg })}.${encode(claims)}.`,
    ]),
    [
      'token of the algorithm "none" that keeps its signature',
      `${encode({ ...header, alg: 'none' })}.${encode(claims)}.${signature}`,
    ],
    [
      'token with another subject under the same signature',
      `${encode(header)}.${encode({ ...claims, sub: 'attacker' })}.${signature}`,
    ],
    [
      'token with a later end under the same signature',
      `${encode(header)}.${encode({ ...claims, exp: 9_999_999_999 })}.${signature}`,
    ],
  ]
}

/** Whoever takes the algorithm from the token verifies this with the public key, which everybody has (RFC 8725 §2.1). */
function publicKeyAsSecret({ alternative, prepared, signer }: Target, { header, claims }: TokenParts): Forged[] {
  if (alternative.algorithms?.some((name) => name.startsWith('HS')) === true) return []
  const { secret, public_key: pinned } = alternative
  const key = signer.signingKey(prepared.ready, alternative, 'provider')
  const texts = [
    secret === undefined ? pinned : prepared.ready.secrets.get(secret)?.[0]?.reveal(),
    key === undefined ? undefined : createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString(),
  ]
  return [...new Set(texts)]
    .filter((text) => text !== undefined)
    .map((text) => {
      const signed = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`
      const signature = createHmac('sha256', text).update(signed).digest('base64url')
      return ['token of HS256 with the public key as secret', `${signed}.${signature}`]
    })
}

async function byStranger(
  { alternative, prepared, signer }: Target,
  { header, claims }: TokenParts,
): Promise<Forged[]> {
  const key = signer.signingKey(prepared.ready, alternative, 'stranger')
  if (key === undefined || key.type === 'secret') return []
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  const withHeader = async (name: string, added: Record<string, unknown>): Promise<Forged> => [
    name,
    await signToken({ ...header, ...added }, claims, key),
  ]
  return [
    await withHeader('token that brings its own key along', { jwk }),
    await withHeader('token that points to a key set of its own', { jku: 'https://attacker.example/keys' }),
    await withHeader('token of an unknown key', { kid: 'attacker' }),
  ]
}

async function genuineForOthers(target: Target, { header, claims }: TokenParts): Promise<Forged[]> {
  const { alternative, prepared, signer, now } = target
  const key = signer.signingKey(prepared.ready, alternative, 'provider')
  if (key === undefined) return []
  const forged: Forged[] = []
  const add = async (name: string, changed: JWTPayload, added: Record<string, unknown> = {}): Promise<void> => {
    forged.push([name, await signToken({ ...header, ...added }, changed, key)])
  }
  const seconds = Math.floor(now / 1_000)
  await add('token that has expired', { ...claims, iat: seconds - 7_200, exp: seconds - 3_600 })
  await add('token that is not valid yet', { ...claims, nbf: seconds + 3_600 })
  await add('token that expires at no time', { ...claims, exp: 'never' as unknown as number })
  for (const [name, wanted] of Object.entries(alternative.claims ?? {})) {
    const { [name]: own, ...rest } = claims
    await add(`token without the claim ${name}`, rest)
    // Of a condition over the claim nobody can say what it would refuse.
    if (isObject(wanted) && wanted.expression.includes('claims')) continue
    await add(`token with another ${name}`, { ...rest, [name]: typeof own === 'boolean' ? !own : 'attacker' })
    await add(`token with another ${name} in a list`, { ...rest, [name]: ['attacker'] })
  }
  for (const name of alternative.required_claims ?? []) {
    const { [name]: _, ...rest } = claims
    await add(`token without the claim ${name}, which must be there`, rest)
  }
  if (alternative.max_age !== undefined) {
    const { iat: _, ...rest } = claims
    const issued = Math.floor((now - parseDuration(alternative.max_age)) / 1_000) - 3_600
    await add('token that was issued long ago', { ...rest, iat: issued, exp: seconds + 3_600 })
    await add('token that was issued at no time', rest)
  }
  const hash = alternative.body_hash?.claim
  if (hash !== undefined) {
    const { [hash]: _, ...rest } = claims
    await add('token without the digest of the body', rest)
    await add('token with an empty digest of the body', { ...rest, [hash]: '' })
  }
  if (alternative.jwks !== undefined || alternative.openid !== undefined)
    await add('genuine token of a key that is not published', claims, { kid: 'attacker' })
  const unlisted = unlistedAlgorithm(alternative)
  if (unlisted !== undefined)
    await add(`genuine token of ${unlisted}, which is not accepted`, claims, { alg: unlisted })
  return forged
}

/** An algorithm of the same keys that the spec does not list. */
function unlistedAlgorithm({ algorithms }: Alternative): string | undefined {
  const listed: readonly string[] = algorithms ?? []
  const families = [
    ['HS256', 'HS384', 'HS512'],
    ['RS256', 'RS384', 'RS512', 'PS256'],
  ]
  const family = families.find((names) => names.some((name) => listed.includes(name)))
  return family?.find((name) => !listed.includes(name))
}

async function signToken(header: JWTHeaderParameters, claims: JWTPayload, key: KeyObject): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

function isObject(value: unknown): value is { readonly expression: string } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')
}
