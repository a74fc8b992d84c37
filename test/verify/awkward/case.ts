/**
 * Schemes that no plain clause says, each with a request whose proof is computed here from the provider's description and not with our
 * own signer. Every case is accepted as it stands, and refused with its bytes, its proof or its surroundings changed.
 */
import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../../src/domain/request.ts'
import type { RefusalCode } from '../../../src/domain/verification.ts'
import { inbound, type RequestParts, type Surroundings, verify } from '../verifying.ts'

export interface AwkwardCase {
  readonly name: string
  readonly verify: Alternative | readonly Alternative[]
  readonly given: Surroundings
  readonly request: RequestParts
  readonly refused: readonly Refused[]
}

export interface Refused {
  readonly name: string
  readonly change?: (request: InboundRequest) => InboundRequest
  readonly given?: Partial<Surroundings>
  readonly code: RefusalCode
}

export function runCases(cases: readonly AwkwardCase[]): void {
  for (const { name, verify: alternatives, given, request, refused } of cases) {
    describe(name, () => {
      test(`${name}: accepts the genuine request`, async () => {
        expect(await verify(alternatives, inbound(request), given)).toMatchObject({ kind: 'accepted' })
      })
      for (const { name: what, change = identity, given: changed, code } of refused) {
        test(`refuses ${what}`, async () => {
          const result = await verify(alternatives, change(inbound(request)), { ...given, ...changed })
          expect(result).toMatchObject({ kind: 'refused', code })
        })
      }
    })
  }
}

const identity = (request: InboundRequest): InboundRequest => request

export function hmac(
  hash: string,
  key: string | Buffer,
  text: string | Buffer,
  encoding: 'hex' | 'base64' = 'hex',
): string {
  return createHmac(hash, key).update(text).digest(encoding)
}

export function digest(hash: string, text: string | Buffer): Buffer {
  return createHash(hash).update(text).digest()
}

export const withText = (text: string) => (request: InboundRequest) => ({ ...request, rawBody: Buffer.from(text) })
export const withUrl = (change: (url: string) => string) => (request: InboundRequest) => ({
  ...request,
  url: change(request.url),
})
