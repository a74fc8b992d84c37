/**
 * A self-signed X.509 certificate (RFC 5280) for a throwaway key, as far as a signature's verification needs one: a subject, dates
 * that hold for every example, the public key, RSA or ECDSA with SHA-256.
 */
import { sign } from 'node:crypto'
import type { KeyPair } from '../key-ring.ts'

const SEQUENCE = 0x30
const SET = 0x31

/** OIDs in DER: sha256WithRSAEncryption, ecdsa-with-SHA256, Ed25519, commonName. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  rsa: '300d06092a864886f70d01010b0500',
  ec: '300a06082a8648ce3d040302',
  ed25519: '300506032b6570',
}
const COMMON_NAME = Buffer.from('0603550403', 'hex')

/** In PEM. */
export function writeCertificate({ publicKey, privateKey }: KeyPair, commonName: string): string {
  const type = publicKey.asymmetricKeyType ?? ''
  const algorithm = Buffer.from(ALGORITHMS[type] ?? '', 'hex')
  const utf8 = der(0x0c, Buffer.from(commonName, 'utf8'))
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, utf8)))
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.from([1])), // serial number
    algorithm,
    name,
    der(SEQUENCE, time('20000101000000Z'), time('21000101000000Z')),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
  )
  const signature = sign(type === 'ed25519' ? null : 'sha256', body, privateKey)
  const whole = der(SEQUENCE, body, algorithm, der(0x03, Buffer.from([0]), signature))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function time(text: string): Buffer {
  return der(0x18, Buffer.from(text, 'latin1'))
}
