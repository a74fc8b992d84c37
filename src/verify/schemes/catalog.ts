/** Which file does which scheme. The names are those of the schema; one that is missing here does not compile. */
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { Scheme, SchemeSetting } from '../scheme.ts'
import { createSignatureScheme, type SignatureAlgorithm } from '../signature-scheme.ts'
import { createBasicScheme } from './basic.ts'
import { digestAlgorithm } from './digest.ts'
import { ecdsaAlgorithm } from './ecdsa.ts'
import { ed25519Algorithm } from './ed25519.ts'
import { hmacAlgorithm } from './hmac.ts'
import { createJwtScheme } from './jwt.ts'
import { rsaAlgorithm } from './rsa.ts'
import { createTokenScheme } from './token.ts'
import { createUnverifiedScheme } from './unverified.ts'

type SchemeName = Alternative['scheme']
/** Schemes that sign a text of the request; the others bring their own proof. */
export type SigningSchemeName = Exclude<SchemeName, 'jwt' | 'token' | 'basic' | 'unverified'>

const ALGORITHMS: Record<SigningSchemeName, (alternative: Alternative) => SignatureAlgorithm> = {
  'hmac-md5': (alternative) => hmacAlgorithm(alternative, 'md5'),
  'hmac-sha1': (alternative) => hmacAlgorithm(alternative, 'sha1'),
  'hmac-sha256': (alternative) => hmacAlgorithm(alternative, 'sha256'),
  'hmac-sha512': (alternative) => hmacAlgorithm(alternative, 'sha512'),
  'digest-md5': (alternative) => digestAlgorithm(alternative, 'md5'),
  'digest-sha1': (alternative) => digestAlgorithm(alternative, 'sha1'),
  'digest-sha256': (alternative) => digestAlgorithm(alternative, 'sha256'),
  'digest-sha512': (alternative) => digestAlgorithm(alternative, 'sha512'),
  ed25519: ed25519Algorithm,
  'rsa-sha1': (alternative) => rsaAlgorithm(alternative, 'sha1'),
  'rsa-sha256': (alternative) => rsaAlgorithm(alternative, 'sha256'),
  'rsa-sha512': (alternative) => rsaAlgorithm(alternative, 'sha512'),
  'ecdsa-sha1': (alternative) => ecdsaAlgorithm(alternative, 'sha1'),
  'ecdsa-sha256': (alternative) => ecdsaAlgorithm(alternative, 'sha256'),
}

const OTHERS: Record<
  Exclude<SchemeName, SigningSchemeName>,
  (alternative: Alternative, setting: SchemeSetting) => Scheme
> = {
  jwt: createJwtScheme,
  token: createTokenScheme,
  basic: createBasicScheme,
  unverified: createUnverifiedScheme,
}

export function isSigningScheme(name: SchemeName): name is SigningSchemeName {
  return Object.hasOwn(ALGORITHMS, name)
}

export function algorithmOf(alternative: Alternative, name: SigningSchemeName): SignatureAlgorithm {
  return ALGORITHMS[name](alternative)
}

/** Throws `spec_invalid` for a clause that the scheme cannot work with. */
export function createScheme(alternative: Alternative, setting: SchemeSetting): Scheme {
  const { scheme } = alternative
  if (isSigningScheme(scheme)) return createSignatureScheme(alternative, setting, algorithmOf(alternative, scheme))
  return OTHERS[scheme](alternative, setting)
}
