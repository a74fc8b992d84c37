/**
 * The request that an example describes, as the provider would send it: bytes, headers, URL. It is not signed yet. The runner hands
 * it to the gateway's own code, `postern trigger` sends it over the network.
 */
import type { Example, ProviderSpec } from '../../domain/provider-spec.gen.ts'
import { HeaderList, type InboundRequest } from '../../domain/request.ts'
import { bodyKindsOf, decodeBody } from '../../spec/body.ts'

/** Where the provider calls when an example does not say. */
export function defaultPublicUrl(provider: string): string {
  return `https://hooks.example.com/webhook/${provider}`
}

/** `publicUrl` is scheme, host and path; the example's query is added to it. */
export function exampleRequest(spec: ProviderSpec, example: Example, publicUrl: string): InboundRequest {
  const { method, query, headers } = example.request
  const rawBody = bodyOf(example)
  const given = HeaderList.from(headers ?? {})
  const contentType = given.has('content-type') ? undefined : contentTypeOf(spec, example, rawBody)
  return {
    method: method ?? 'POST',
    url: query === undefined || query === '' ? publicUrl : `${publicUrl}?${query}`,
    headers:
      contentType === undefined ? given : new HeaderList(['content-type', contentType, ...[...given.pairs()].flat()]),
    rawBody,
  }
}

function bodyOf({ request }: Example): Buffer {
  if (request.base64 !== undefined) return Buffer.from(request.base64, 'base64')
  if (request.json !== undefined) return Buffer.from(JSON.stringify(request.json), 'utf8')
  if (request.form !== undefined) return Buffer.from(new URLSearchParams(request.form).toString(), 'utf8')
  return Buffer.from(request.body ?? '', 'utf8')
}

/** What a sender would claim; none for a request without body. The gateway itself never looks at it. */
function contentTypeOf(spec: ProviderSpec, { request }: Example, rawBody: Uint8Array): string | undefined {
  if (request.json !== undefined) return 'application/json'
  if (request.form !== undefined) return 'application/x-www-form-urlencoded'
  if (rawBody.length === 0) return undefined
  switch (decodeBody(bodyKindsOf(spec.body), rawBody).kind) {
    case 'json':
      return 'application/json'
    case 'form':
    case 'form_json':
      return 'application/x-www-form-urlencoded'
    case 'text':
    case 'empty':
      return 'text/plain; charset=utf-8'
    case 'unreadable':
      return 'application/octet-stream'
  }
}
