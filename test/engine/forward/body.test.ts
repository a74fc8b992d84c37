import { describe, expect, test } from 'vitest'
import type { ClaimedDelivery, ForwardPayload } from '../../../src/domain/delivery.ts'
import type { ConnectionId, DeliveryId, DestinationName } from '../../../src/domain/ids.ts'
import { forwardBody } from '../../../src/engine/forward/body.ts'
import { someDelivery } from '../../support/memory-queue.ts'

function built(
  text: string | Buffer,
  given: Partial<Omit<ClaimedDelivery, 'payload'>> & { payload?: Partial<ForwardPayload> } = {},
) {
  const payload: ForwardPayload = {
    kind: 'json',
    bytes: Buffer.from(text as string),
    batchPath: null,
    contentType: 'application/json',
    headers: {},
    ...given.payload,
  }
  const delivery = someDelivery({ id: 'dlv_1' as DeliveryId, destination: 'app' as DestinationName, ...given, payload })
  const body = forwardBody(delivery)
  return body === null ? null : { text: Buffer.from(body.bytes).toString(), contentType: body.contentType }
}

const HEAD = '{"from":"github","providerConfigKey":"github-prod","type":"forward"'

describe('a wrapped forward', () => {
  test('is the envelope of the peer, byte for byte', () => {
    expect(built('{"a":1}')).toEqual({
      text: `${HEAD},"connectionId":"acme","payload":{"a":1}}`,
      contentType: 'application/json',
    })
  })

  const verbatim = [
    '{"id": 12345678901234567890, "b":1, "a":2}',
    '{"n":1.10,"e":1e400,"s":"\\u00e9\\/","dup":1,"dup":2}',
    ' {\n  "pretty": true\n}\n',
    '"text"',
    'null',
    '{"text":"é😀"}',
  ]
  for (const text of verbatim) {
    test(`embeds ${JSON.stringify(text)} unchanged`, () => {
      expect(built(text)?.text).toBe(`${HEAD},"connectionId":"acme","payload":${text}}`)
    })
  }

  test('escapes what stands in names and ids', () => {
    const connectionId = 'a"b\\c\u2028é' as ConnectionId
    const text = built('1', { connectionId })!.text
    expect(JSON.parse(text)).toEqual({
      from: 'github',
      providerConfigKey: 'github-prod',
      type: 'forward',
      connectionId,
      payload: 1,
    })
  })

  test('leaves out connectionId when no connection matched', () => {
    expect(built('1', { connectionId: null })?.text).toBe(`${HEAD},"payload":1}`)
  })

  test('carries text as a JSON string', () => {
    const payload = { kind: 'text' as const, contentType: 'text/plain' }
    expect(built('a "b"\n{', { payload })?.text).toBe(`${HEAD},"connectionId":"acme","payload":"a \\"b\\"\\n{"}`)
    expect(JSON.parse(built(Buffer.from([0x61, 0xff, 0x00]), { payload })!.text)).toMatchObject({
      payload: 'a\ufffd\u0000',
    })
    expect(built('', { payload })?.text).toBe(`${HEAD},"connectionId":"acme","payload":""}`)
  })

  test('does not carry a byte order mark into the middle of its text', () => {
    expect(built('\ufeff{"a":1}')?.text).toBe(`${HEAD},"connectionId":"acme","payload":{"a":1}}`)
  })

  test('of a batch holds the items of its connection only, in the envelope of the provider', () => {
    const batch = '{"z":1.0,"events":[{"id":11111111111111111111},{"id":2},{"id":3}],"a":null}'
    const payload = { batchPath: ['events'] }
    expect(built(batch, { payload, positions: [0, 2] })?.text).toContain(
      '"payload":{"z":1.0,"events":[{"id":11111111111111111111},{"id":3}],"a":null}}',
    )
    expect(built(batch, { payload, positions: null })?.text).toContain(`"payload":${batch}}`)
  })

  test('is not built at all when the items cannot be found', () => {
    expect(built('{"events":[1]}', { payload: { batchPath: ['events'] }, positions: [1] })).toBeNull()
    expect(built('{"other":[1]}', { payload: { batchPath: ['events'] }, positions: [0] })).toBeNull()
    expect(built('[1,2]', { payload: { batchPath: null }, positions: [0] })).toBeNull()
  })
})

describe('a raw forward', () => {
  test('is the payload and its content type alone', () => {
    const payload = { kind: 'text' as const, contentType: 'application/x-www-form-urlencoded' }
    expect(built('a=b&c=%20', { body: 'raw', payload })).toEqual({
      text: 'a=b&c=%20',
      contentType: 'application/x-www-form-urlencoded',
    })
  })

  test('of a batch holds only what it is for', () => {
    expect(built('[1,2,3]', { body: 'raw', payload: { batchPath: [] }, positions: [1] })?.text).toBe('[2]')
  })
})
