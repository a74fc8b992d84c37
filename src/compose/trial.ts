/**
 * The trial: with no configuration at all, every built-in provider gets an integration of its own name, and the secrets that can be
 * made up are derived from the instance's own key. They never need to be stored, stay the same over restarts, and `postern trigger`
 * finds the same ones. A provider that signs with a key of its own (public key, key set) is served too, but refuses everything
 * until it is configured.
 */
import { createHmac } from 'node:crypto'
import type { ProviderSpec, SecretDeclaration } from '../domain/provider-spec.gen.ts'
import { Secret } from '../domain/secret.ts'

/** 32 bytes that belong to one purpose of one instance. */
function derive(instanceKey: Secret, purpose: string): Buffer {
  return createHmac('sha256', instanceKey.reveal()).update(purpose).digest()
}

/** The token that protects the URL of an integration whose provider signs nothing, or that was configured without one. */
export function ingressTokenFor(instanceKey: Secret, integration: string): Secret {
  return new Secret(derive(instanceKey, `ingress-token:${integration}`).toString('base64url').slice(0, 32))
}

/** Made-up secrets of a provider, by name. Secrets that hold a provider's public key are left out: nobody could sign for them. */
export function trialSecrets(instanceKey: Secret, spec: ProviderSpec): Map<string, readonly Secret[]> {
  const secrets = new Map<string, readonly Secret[]>()
  for (const [name, declaration] of Object.entries(spec.secrets ?? {})) {
    const isPublicKey = spec.verify.some((one) => one.secret === name && !isSymmetric(one.scheme, one.algorithms))
    if (isPublicKey) continue
    secrets.set(name, [new Secret(encode(derive(instanceKey, `trial-secret:${spec.provider}:${name}`), declaration))])
  }
  return secrets
}

function isSymmetric(scheme: string, algorithms: readonly string[] | undefined): boolean {
  if (scheme === 'jwt') return algorithms?.every((algorithm) => algorithm.startsWith('HS')) ?? false
  return !/^(ed25519|rsa|ecdsa)/.test(scheme)
}

function encode(bytes: Buffer, declaration: SecretDeclaration): string {
  switch (declaration.generate ?? 'text') {
    case 'hex':
      return bytes.toString('hex')
    case 'base64':
      return bytes.toString('base64')
    case 'whsec':
      return `whsec_${bytes.toString('base64')}`
    case 'text':
      return `trial_${bytes.toString('base64url')}`
  }
}
