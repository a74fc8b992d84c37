/**
 * X.509 certificates as providers publish them for their signatures: a PEM with the leaf first. That it is the provider's is said by
 * the pinned host it was fetched from over TLS; here its dates are judged, that every further certificate in the file has signed the
 * one before it, and the common name where a spec pins one.
 */
import { type KeyObject, X509Certificate } from 'node:crypto'

export interface CertificateRule {
  /** The common name; a `*` in front stands for one or more labels. */
  readonly subject?: string | undefined
}

const MAX_CHAIN = 8
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** The certificates of the text, leaf first; undefined when it is none. */
export function readCertificates(text: string): readonly X509Certificate[] | undefined {
  const blocks = text.match(BLOCK) ?? []
  if (blocks.length === 0 || blocks.length > MAX_CHAIN) return undefined
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    return undefined
  }
}

/** The leaf's public key, or what is wrong. `now` in ms since the epoch. */
export function judgeCertificates(
  certificates: readonly X509Certificate[],
  rule: CertificateRule,
  now: number,
): KeyObject | string {
  const [leaf] = certificates
  if (leaf === undefined) return 'it is no certificate'
  for (const [at, certificate] of certificates.entries()) {
    if (now < Date.parse(certificate.validFrom)) return 'the certificate is not valid yet'
    if (now > Date.parse(certificate.validTo)) return 'the certificate has expired'
    const issuer = certificates[at + 1]
    if (issuer !== undefined && !isIssuedBy(certificate, issuer)) return 'the chain of certificates is broken'
  }
  if (rule.subject !== undefined && !isNamed(leaf, rule.subject)) return 'the certificate is of another subject'
  return leaf.publicKey
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  } catch {
    return false
  }
}

function isNamed(certificate: X509Certificate, pattern: string): boolean {
  const names = certificate.subject.split('\n').filter((line) => line.startsWith('CN='))
  const name = names.length === 1 ? names[0]!.slice('CN='.length).toLowerCase() : ''
  const wanted = pattern.toLowerCase()
  return wanted.startsWith('*.') ? name.endsWith(wanted.slice(1)) && name.length > wanted.length - 1 : name === wanted
}
