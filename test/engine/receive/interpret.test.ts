import { describe, expect, test } from 'vitest'
import type { EventMatch } from '../../../src/domain/event.ts'
import type { ProviderSpec } from '../../../src/domain/provider-spec.gen.ts'
import { forwardBody } from '../../../src/engine/forward/body.ts'
import type { Interpretation } from '../../../src/engine/receive/interpret.ts'
import { redactHeaders, redactTarget } from '../../../src/engine/receive/redact.ts'
import { inbound, sign } from '../../verify/verifying.ts'
import { hmac } from '../../verify/awkward/case.ts'
import { type Given, interpret, settingsFor } from './interpreting.ts'

const matchesOf = (meaning: Interpretation): unknown =>
  meaning.kind === 'accepted' ? meaning.events.map(({ match }) => summary(match)) : meaning.kind
const summary = (match: EventMatch): unknown => (match.kind === 'matched' ? match.connections : match.kind)

describe('a request that a connection has signed', () => {
  const spec: Partial<ProviderSpec> = {
    verify: [
      {
        scheme: 'hmac-sha256',
        secret: 'secret',
        connection: { field: 'metadata.webhook', equals: 'query.hook' },
        signature: { header: 'x-signature' },
        signed: '{body}',
        does_not_cover: ['time', 'url'],
      },
    ],
    event: { type: 'event.type', each: 'body.events' },
    match: [{ field: 'metadata.account', equals: 'event.account' }],
  }
  const given: Given = {
    secrets: { secret: 'common' },
    connections: [
      { id: 'acme', metadata: { webhook: 'w-1', account: 'a-1' }, secrets: { secret: 's-1' } },
      { id: 'globex', metadata: { webhook: 'w-2', account: 'a-2' }, secrets: { secret: 's-2' } },
      { id: 'twin-1', metadata: { webhook: 'w-3', account: 'a-3' }, secrets: { secret: 's-3' } },
      { id: 'twin-2', metadata: { webhook: 'w-3', account: 'a-4' }, secrets: { secret: 's-3' } },
    ],
  }
  const send = (hook: string, key: string, ...accounts: string[]): Promise<Interpretation> => {
    const body = JSON.stringify({ events: accounts.map((account) => ({ type: 't', account })) })
    return interpret(
      spec,
      { url: `https://hooks.example.com/a?hook=${hook}`, headers: { 'x-signature': hmac('sha256', key, body) }, body },
      given,
    )
  }

  test('is that connection’s, whatever its events say', async () => {
    expect(matchesOf(await send('w-1', 's-1', 'a-1', 'a-2', 'nobody'))).toEqual([['acme'], ['acme'], ['acme']])
  })

  test('with one secret of several connections each event goes to its own, and what names none of them to all', async () => {
    expect(matchesOf(await send('w-3', 's-3', 'a-3', 'a-4', 'a-1'))).toEqual([
      ['twin-1'],
      ['twin-2'],
      ['twin-1', 'twin-2'],
    ])
  })

  test('with the integration’s own secret the rules decide', async () => {
    expect(matchesOf(await send('', 'common', 'a-2', 'nobody'))).toEqual([['globex'], 'unmatched'])
  })

  test('with another connection’s secret is refused', async () => {
    expect(matchesOf(await send('w-1', 's-2', 'a-1'))).toBe('refused')
  })
})

describe('batches', () => {
  const body = JSON.stringify({
    object: 'page',
    entry: [
      { id: 'p-1', changes: [{ field: 'a' }, { field: 'b' }] },
      { id: 'p-2', changes: [{ field: 'c' }] },
    ],
  })

  test('meta: nested arrays, each event with what stands around it and its own part of the envelope', async () => {
    const meaning = await interpret(
      {
        event: { each: 'body.entry[].changes', type: 'event.field', dedupe: 'outer.id & " " & position' },
        match: [{ field: 'metadata.page', equals: 'outer.id' }],
      },
      { body },
      {
        connections: [
          { id: 'acme', metadata: { page: 'p-1' } },
          { id: 'globex', metadata: { page: 'p-2' } },
        ],
      },
    )
    if (meaning.kind !== 'accepted') throw new Error(meaning.kind)
    expect(meaning.events.map(({ type, dedupeKey }) => [type, dedupeKey])).toEqual([
      ['a', 'p-1 0'],
      ['b', 'p-1 1'],
      ['c', 'p-2 2'],
    ])
    expect(matchesOf(meaning)).toEqual([['acme'], ['acme'], ['globex']])
    const forwarded = forwardBody({
      body: 'raw',
      connectionId: null,
      integration: 'acme',
      provider: 'acme',
      payload: meaning.payload,
      positions: [2],
    } as unknown as Parameters<typeof forwardBody>[0])
    expect(Buffer.from(forwarded!.bytes).toString()).toBe(
      '{"object":"page","entry":[{"id":"p-2","changes":[{"field":"c"}]}]}',
    )
  })

  test('marqeta: an object of arrays, the type the name of the member', async () => {
    const meaning = await interpret(
      { event: { each: 'body.*', type: 'list', dedupe: 'event.token' } },
      { body: '{"cardtransitions":[{"token":"1"}],"transactions":[{"token":"2"},{"token":"3"}],"v":1}' },
    )
    if (meaning.kind !== 'accepted') throw new Error(meaning.kind)
    expect(meaning.events.map(({ type, dedupeKey }) => [type, dedupeKey])).toEqual([
      ['cardtransitions', '1'],
      ['transactions', '2'],
      ['transactions', '3'],
    ])
  })

  test('attio: a header that all items share, and the place of each', async () => {
    const meaning = await interpret(
      { event: { each: 'body.events', type: 'event.t', dedupe: 'headers.`idempotency-key` & " " & position' } },
      { headers: { 'idempotency-key': 'k' }, body: '{"events":[{"t":"a"},{"t":"b"}]}' },
    )
    expect(meaning.kind === 'accepted' && meaning.events.map(({ dedupeKey }) => dedupeKey)).toEqual(['k 0', 'k 1'])
  })

  test('mandrill: JSON in a field of a form, an empty batch a heartbeat', async () => {
    const spec: Partial<ProviderSpec> = {
      body: { form_json: 'mandrill_events' },
      event: { each: 'body', type: 'event.event' },
    }
    const full = await interpret(spec, {
      body: `mandrill_events=${encodeURIComponent('[{"event":"send"},{"event":"open"}]')}`,
    })
    expect(full.kind === 'accepted' && full.events.map(({ type }) => type)).toEqual(['send', 'open'])
    const empty = await interpret(spec, { body: 'mandrill_events=%5B%5D' })
    expect(empty.kind === 'accepted' && empty.events).toEqual([])
  })

  test('salesforce: elements of XML that are always a list, an exact answer in SOAP', async () => {
    const ack = '<?xml version="1.0"?><Ack>true</Ack>'
    const meaning = await interpret(
      {
        body: { xml_lists: ['Notification'] },
        event: {
          each: 'body.Envelope.Body.notifications.Notification',
          type: 'event.sObject."@type"',
          dedupe: 'event.Id',
        },
        strip: ['body.Envelope.Body.notifications.SessionId'],
        answers: [{ answer: { headers: { 'Content-Type': 'text/xml' }, text: ack } }],
      },
      {
        body: '<soapenv:Envelope xmlns:soapenv="x"><soapenv:Body><notifications xmlns="y"><OrganizationId>00D</OrganizationId><SessionId>secret</SessionId><Notification><Id>04l</Id><sObject xsi:type="sf:Account"/></Notification></notifications></soapenv:Body></soapenv:Envelope>',
      },
    )
    if (meaning.kind !== 'accepted') throw new Error(meaning.kind)
    expect(meaning.events.map(({ type, dedupeKey }) => [type, dedupeKey])).toEqual([['sf:Account', '04l']])
    expect(meaning.answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/xml' }, body: ack })
    for (const bytes of [meaning.storedBody, meaning.payload.bytes]) {
      expect(Buffer.from(bytes).toString()).not.toContain('secret')
      expect(Buffer.from(bytes).toString()).toContain('00D')
    }
  })

  test('auth0: lines of JSON', async () => {
    const meaning = await interpret(
      { body: ['json', 'json_lines'], event: { each: 'body', type: 'event.type' } },
      { body: '{"type":"s"}\n{"type":"f"}\n' },
    )
    expect(meaning.kind === 'accepted' && meaning.events.map(({ type }) => type)).toEqual(['s', 'f'])
    expect(meaning.kind === 'accepted' && Buffer.from(meaning.payload.bytes).toString()).toBe(
      '[{"type":"s"},{"type":"f"}]',
    )
  })

  test('wix: the claims of a body that is a token are the event, without their wrapping', async () => {
    const verify: ProviderSpec['verify'] = [
      { scheme: 'jwt', secret: 'secret', algorithms: ['HS256'], signature: { whole_body: true } },
    ]
    const secrets = { secret: 'a secret of thirty-two bytes or more' }
    const data = JSON.stringify({ instanceId: 'i-1', eventType: 'Created', data: '{}' })
    const request = await sign(verify, inbound({ body: JSON.stringify({ data }) }), { secrets })
    const meaning = await interpret(
      {
        verify,
        body: 'jwt',
        event: { type: '$json(body.data).eventType' },
        match: [{ field: 'metadata.instance', equals: '$json(body.data).instanceId' }],
      },
      { body: request.rawBody },
      { secrets, connections: [{ id: 'acme', metadata: { instance: 'i-1' } }] },
    )
    expect(matchesOf(meaning)).toEqual([['acme']])
    expect(meaning.kind === 'accepted' && meaning.events[0]?.type).toBe('Created')
  })

  test('vonage: the claims of the token that proves the request tell whose it is', async () => {
    const verify: ProviderSpec['verify'] = [
      { scheme: 'jwt', secret: 'secret', algorithms: ['HS256'], does_not_cover: ['body'] },
    ]
    const secrets = { secret: 'a secret of thirty-two bytes or more' }
    const claimed: ProviderSpec['verify'] = [{ ...verify[0], claims: { api_key: 'k-1' } }]
    const request = await sign(claimed, inbound({ body: '{}' }), { secrets })
    const meaning = await interpret(
      {
        verify,
        event: { type: '"x"', dedupe: 'claims.api_key' },
        match: [{ field: 'metadata.key', equals: 'claims.api_key' }],
      },
      { headers: request.headers.toRecord(), body: '{}' },
      { secrets, connections: [{ id: 'acme', metadata: { key: 'k-1' } }] },
    )
    expect(matchesOf(meaning)).toEqual([['acme']])
  })
})

describe('answers', () => {
  const verify: ProviderSpec['verify'] = [
    {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'x-signature' },
      signed: '{timestamp}{body}',
      timestamp: { header: 'x-time', unit: 's' },
    },
  ]
  const refusals: ProviderSpec['refusals'] = [
    { codes: ['signature_missing', 'timestamp_missing'], answer: { status: 404 } },
    { codes: ['signature_expired', 'signature_premature'], answer: { status: 400, text: 'too old' } },
  ]
  const send = (headers: Record<string, string>): Promise<Interpretation> =>
    interpret({ verify, refusals, refused: { status: 403 } }, { headers, body: '{}' }, { secrets: { secret: 's' } })

  test('shipstation: a status of its own for some causes, the common one for all others', async () => {
    expect((await send({})).answer).toMatchObject({ status: 404, body: '' })
    expect((await send({ 'x-signature': hmac('sha256', 's', '1{}'), 'x-time': '1' })).answer).toMatchObject({
      status: 400,
      body: 'too old',
    })
    expect((await send({ 'x-signature': hmac('sha256', 'x', '1{}'), 'x-time': '1' })).answer.status).toBe(403)
  })

  test('adobe-sign: a header echoed with every answer', async () => {
    const meaning = await interpret(
      {
        answers: [
          { answer: { headers: { 'X-AdobeSign-ClientId': { expression: 'headers.`x-adobesign-clientid`' } } } },
        ],
      },
      { headers: { 'x-adobesign-clientid': 'c-1' }, body: '{}' },
    )
    expect(meaning.answer).toMatchObject({ status: 200, headers: { 'x-adobesign-clientid': 'c-1' } })
  })

  test('adyen: an exact text', async () => {
    const meaning = await interpret({ answers: [{ answer: { text: '[accepted]' } }] }, { body: '{}' })
    expect(meaning.answer).toEqual({
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: '[accepted]',
      isConstant: true,
    })
  })
})

describe('what is kept of a head', () => {
  const { spec, options } = settingsFor(
    {
      verify: [{ scheme: 'token', secret: 'secret', signature: { header_option: 'header' }, does_not_cover: ['body'] }],
      handshakes: [
        {
          name: 'asks',
          when: 'true',
          verified: false,
          because: 'It is asked for first.',
          token: { secret: 'verify_token', query: 'hub.verify_token' },
          capture: { secret: 'hook_secret', from: 'headers.`x-hook-secret`' },
          answer: {},
        },
      ],
    },
    { options: { header: 'X-My-Token' } },
  )

  test('no token in a header that the customer has named, none that a handshake captures', () => {
    const request = inbound({ headers: { 'x-my-token': 's', 'x-hook-secret': 'h', 'x-other': 'o' } })
    expect(redactHeaders(request, spec, options)).toEqual({
      'x-my-token': '[secret]',
      'x-hook-secret': '[secret]',
      'x-other': 'o',
    })
  })

  test('no token of a handshake in the query', () => {
    expect(redactTarget('/webhook/acme?hub.verify_token=t&hub.challenge=c', null, spec)).toBe(
      '/webhook/acme?hub.verify_token=[secret]&hub.challenge=c',
    )
  })
})
