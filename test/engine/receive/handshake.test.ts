import { describe, expect, test } from 'vitest'
import type { Handshake, ProviderSpec } from '../../../src/domain/provider-spec.gen.ts'
import type { Interpretation } from '../../../src/engine/receive/interpret.ts'
import type { RequestParts } from '../../verify/verifying.ts'
import { hmac, digest } from '../../verify/awkward/case.ts'
import { type Given, interpret } from './interpreting.ts'

const signed: ProviderSpec['verify'] = [
  {
    scheme: 'hmac-sha256',
    secret: 'secret',
    signature: { header: 'x-signature' },
    signed: '{body}',
    does_not_cover: ['time'],
  },
]
const because = 'It is asked before any secret is known.'

async function shake(
  handshake: Omit<Handshake, 'name'>,
  request: RequestParts,
  given: Given = {},
): Promise<Interpretation> {
  return interpret({ verify: signed, handshakes: [{ name: 'it', ...handshake }] }, request, {
    secrets: { secret: 's' },
    ...given,
  })
}

const answerOf = ({ kind, answer }: Interpretation): unknown => ({ kind, ...answer })

describe('answers of handshakes', () => {
  const cases: readonly {
    readonly name: string
    readonly handshake: Omit<Handshake, 'name'>
    readonly request: RequestParts
    readonly given?: Given
    readonly answer: object
  }[] = [
    {
      name: 'ringcentral: a header echoed',
      handshake: {
        when: '$exists(headers.`validation-token`)',
        verified: false,
        because,
        answer: { headers: { 'Validation-Token': { expression: 'headers.`validation-token`' } } },
      },
      request: { headers: { 'validation-token': 'v-1' } },
      answer: { status: 200, headers: { 'validation-token': 'v-1' }, body: '' },
    },
    {
      name: 'smartsheet: a header echoed and JSON beside it',
      handshake: {
        when: '$exists(headers.`smartsheet-hook-challenge`)',
        verified: false,
        because,
        answer: {
          headers: { 'Smartsheet-Hook-Response': { expression: 'headers.`smartsheet-hook-challenge`' } },
          value: '{ "smartsheetHookResponse": headers.`smartsheet-hook-challenge` }',
        },
      },
      request: { headers: { 'smartsheet-hook-challenge': 'c-1' } },
      answer: {
        headers: { 'smartsheet-hook-response': 'c-1', 'content-type': 'application/json' },
        body: '{"smartsheetHookResponse":"c-1"}',
      },
    },
    {
      name: 'wrike: a keyed digest of a header, in a header, for who has signed',
      handshake: {
        when: 'body.requestType = "WebHook secret verification"',
        answer: {
          headers: { 'X-Hook-Secret': { expression: '$hmac("sha256", $secret("secret"), headers.`x-hook-secret`)' } },
        },
      },
      request: {
        headers: {
          'x-hook-secret': 'h-1',
          'x-signature': hmac('sha256', 's', '{"requestType":"WebHook secret verification"}'),
        },
        body: '{"requestType":"WebHook secret verification"}',
      },
      answer: { status: 200, headers: { 'x-hook-secret': hmac('sha256', 's', 'h-1') } },
    },
    {
      name: 'x-twitter: a keyed digest of a bounded token',
      handshake: {
        when: 'method = "GET" and $isToken(query.crc_token)',
        verified: false,
        because,
        answer: {
          value: '{ "response_token": "sha256=" & $hmac("sha256", $secret("secret"), query.crc_token, "base64") }',
        },
      },
      request: { method: 'GET', url: 'https://hooks.example.com/x?crc_token=abc' },
      answer: { body: `{"response_token":"sha256=${hmac('sha256', 's', 'abc', 'base64')}"}` },
    },
    {
      name: 'ebay: a digest of a challenge, a token and our URL',
      handshake: {
        when: '$isToken(query.challenge_code)',
        verified: false,
        because,
        answer: {
          value: '{ "challengeResponse": $sha256([query.challenge_code, $secret("secret"), options.endpoint]) }',
        },
      },
      request: { method: 'GET', url: 'https://hooks.example.com/e?challenge_code=abc' },
      given: { options: { endpoint: 'https://hooks.example.com/e' } },
      answer: {
        body: `{"challengeResponse":"${digest('sha256', 'abcshttps://hooks.example.com/e').toString('hex')}"}`,
      },
    },
    {
      name: 'trello: HEAD',
      handshake: { when: 'method = "HEAD"', verified: false, because, answer: {} },
      request: { method: 'HEAD' },
      answer: { status: 200, body: '' },
    },
    {
      name: 'strava: the right token',
      handshake: {
        when: 'query."hub.mode" = "subscribe"',
        verified: false,
        because,
        token: { secret: 'verify_token', query: 'hub.verify_token' },
        answer: { value: '{ "hub.challenge": query."hub.challenge" }' },
      },
      request: {
        method: 'GET',
        url: 'https://hooks.example.com/s?hub.mode=subscribe&hub.verify_token=t&hub.challenge=c',
      },
      given: { secrets: { verify_token: ['old', 't'] } },
      answer: { status: 200, body: '{"hub.challenge":"c"}' },
    },
  ]
  for (const { name, handshake, request, given, answer } of cases) {
    test(name, async () => {
      expect(answerOf(await shake(handshake, request, given))).toMatchObject({ kind: 'handshake', ...answer })
    })
  }

  test('x-twitter: signs nothing that has the form of a request', async () => {
    const handshake = { ...cases[3]!.handshake }
    for (const token of ['%7B%22a%22%3A1%7D', '', 'a'.repeat(201), 'v0%3A1%3A%7B%7D']) {
      const url = `https://hooks.example.com/x?crc_token=${token}`
      expect((await shake(handshake, { method: 'GET', url })).kind).toBe('refused')
    }
  })

  test('a header that would begin another is not sent', async () => {
    const echo: Omit<Handshake, 'name'> = {
      when: 'body.token',
      verified: false,
      because,
      answer: { headers: { 'X-Echo': { expression: 'body.token' } } },
    }
    for (const token of ['a\r\nSet-Cookie: x=1', 'a\u0000', '\u00e9', ' a', 'a'.repeat(5_000)]) {
      const meaning = await shake(echo, { body: JSON.stringify({ token }) })
      expect(answerOf(meaning)).toMatchObject({ kind: 'handshake', status: 500, headers: {} })
      expect(meaning.problems).toEqual(['handshake it: what the header x-echo should hold cannot stand in a header'])
    }
  })
})

describe('handshakes that ask for a token', () => {
  const verify: Omit<Handshake, 'name'> = {
    when: 'method = "GET" and $exists(query.verify)',
    verified: false,
    because,
    token: { secret: 'verify_code', query: 'verify' },
    answer: { status: 204 },
    otherwise: { status: 404 },
  }
  const ask = (query: string, secrets: Given['secrets'] = { verify_code: 'right' }): Promise<Interpretation> =>
    shake(verify, { method: 'GET', url: `https://hooks.example.com/f?${query}` }, { secrets })

  test('fitbit: 204 for the right code, 404 for any other', async () => {
    expect(answerOf(await ask('verify=right'))).toMatchObject({ kind: 'handshake', status: 204, body: '' })
    const wrong = await ask('verify=wrong')
    expect(answerOf(wrong)).toMatchObject({ kind: 'refused', status: 404, body: '' })
    expect(wrong.kind === 'refused' && wrong.verification).toMatchObject({ code: 'token_mismatch', scheme: 'it' })
  })

  for (const { name, query, secrets, code } of [
    {
      name: 'a code sent twice',
      query: 'verify=right&verify=right',
      secrets: { verify_code: 'right' },
      code: 'token_mismatch',
    },
    { name: 'an empty code', query: 'verify=', secrets: { verify_code: 'right' }, code: 'token_mismatch' },
    {
      name: 'an empty code where an empty one is configured',
      query: 'verify=',
      secrets: { verify_code: '' },
      code: 'token_mismatch',
    },
    { name: 'any code where none is configured', query: 'verify=right', secrets: {}, code: 'secret_missing' },
  ]) {
    test(`refuses ${name}`, async () => {
      const meaning = await ask(query, secrets)
      expect(meaning.kind === 'refused' && meaning.verification.code).toBe(code)
    })
  }
})

describe('secrets that a handshake captures', () => {
  const asana: Omit<Handshake, 'name'> = {
    when: '$exists(headers.`x-hook-secret`)',
    verified: false,
    because,
    capture: { secret: 'hook_secret', from: 'headers.`x-hook-secret`' },
    answer: { headers: { 'X-Hook-Secret': { expression: 'headers.`x-hook-secret`' } } },
  }
  const request: RequestParts = { headers: { 'x-hook-secret': 'h-1' }, body: '{}' }

  test('asana: kept, echoed, and printed nowhere', async () => {
    const meaning = await shake(asana, request, { secrets: {} })
    expect(answerOf(meaning)).toMatchObject({ kind: 'handshake', headers: { 'x-hook-secret': 'h-1' } })
    if (meaning.kind !== 'handshake') throw new Error('no handshake')
    expect(meaning.captured).toMatchObject({ name: 'hook_secret', connection: undefined })
    expect(meaning.captured?.value.reveal()).toBe('h-1')
    expect(JSON.stringify(meaning.captured)).not.toContain('h-1')
    expect(Buffer.from(meaning.storedBody).toString()).toBe('')
  })

  test('asana: never over another, and then it has to be signed', async () => {
    const meaning = await shake(asana, request, { secrets: { hook_secret: 'h-0' } })
    expect(meaning.kind).toBe('refused')
    expect(meaning.problems).toEqual(['handshake it: there is a hook_secret already, and it was not replaced'])
  })

  test('notion: answered though one is kept already, which stays', async () => {
    const handshake: Omit<Handshake, 'name'> = {
      ...asana,
      when: '$exists(body.verification_token) and $not($exists(body.type))',
      capture: { secret: 'verification_token', from: 'body.verification_token', replace: 'when_unset' },
      answer: {},
    }
    const body = '{"verification_token":"secret_x"}'
    const first = await shake(handshake, { body }, { secrets: {} })
    expect(first.kind === 'handshake' && first.captured?.value.reveal()).toBe('secret_x')
    const second = await shake(handshake, { body }, { secrets: { verification_token: 'secret_0' } })
    expect(second).toMatchObject({ kind: 'handshake', answer: { status: 200 }, captured: undefined })
    expect(Buffer.from(second.storedBody).toString()).toBe('')
  })

  test('freshbooks: out of a form, answered with a digest made with it', async () => {
    const meaning = await interpret(
      {
        body: 'form',
        handshakes: [
          {
            name: 'it',
            when: 'body.name = "callback.verify"',
            verified: false,
            because,
            capture: { secret: 'verifier', from: 'body.verifier' },
            answer: { value: '$hmac("sha256", $secret("verifier"), "ok")' },
          },
        ],
      },
      { body: 'name=callback.verify&verifier=v-1' },
    )
    expect(answerOf(meaning)).toMatchObject({ kind: 'handshake', body: hmac('sha256', 'v-1', 'ok') })
  })

  const perConnection: Omit<Handshake, 'name'> = {
    ...asana,
    capture: {
      secret: 'hook_secret',
      from: 'headers.`x-hook-secret`',
      scope: 'connection',
      connection: { field: 'metadata.hook', equals: 'query.hook' },
    },
  }
  const ask = (hook: string): Promise<Interpretation> =>
    shake(
      perConnection,
      { ...request, url: `https://hooks.example.com/a?hook=${hook}` },
      {
        secrets: {},
        connections: [
          { id: 'acme', metadata: { hook: 'k-1' } },
          { id: 'globex', metadata: { hook: 'k-2' }, secrets: { hook_secret: 'h-0' } },
          { id: 'twin-1', metadata: { hook: 'k-3' } },
          { id: 'twin-2', metadata: { hook: 'k-3' } },
        ],
      },
    )

  test('is the secret of the one connection that the request means', async () => {
    const meaning = await ask('k-1')
    expect(meaning.kind === 'handshake' && meaning.captured?.connection).toBe('acme')
  })

  for (const { name, hook } of [
    { name: 'of a connection that has one', hook: 'k-2' },
    { name: 'of one of several', hook: 'k-3' },
    { name: 'of nobody', hook: 'k-9' },
    { name: 'of an empty hint', hook: '' },
  ]) {
    test(`is not captured where it would be that ${name}`, async () => {
      expect((await ask(hook)).kind).toBe('refused')
    })
  }

  for (const value of ['', 'x'.repeat(5_000)]) {
    test(`is none when it is ${value === '' ? 'empty' : 'longer than any secret'}`, async () => {
      expect((await shake(asana, { headers: { 'x-hook-secret': value } }, { secrets: {} })).kind).toBe('refused')
    })
  }
})

describe('URLs that have to be visited', () => {
  const confirm = (url: string): Promise<Interpretation> => {
    const body = JSON.stringify({ Type: 'SubscriptionConfirmation', SubscribeURL: url })
    return shake(
      {
        when: 'body.Type = "SubscriptionConfirmation"',
        confirm: { url: 'body.SubscribeURL', hosts: ['sns.*.amazonaws.com'] },
        answer: {},
      },
      { headers: { 'x-signature': hmac('sha256', 's', body) }, body },
    )
  }

  test('aws-sns: named to whoever visits it, once the request is verified', async () => {
    const url = 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f'
    expect(await confirm(url)).toMatchObject({ kind: 'handshake', confirm: url })
  })

  for (const url of [
    'http://sns.eu-west-1.amazonaws.com/',
    'https://evil.example/',
    'https://sns.eu-west-1.amazonaws.com@evil.example/',
    'https://sns.eu-west-1.amazonaws.com:8443/',
    'https://169.254.169.254/latest/meta-data',
    'no url',
  ]) {
    test(`is not ${url}`, async () => {
      const meaning = await confirm(url)
      expect(meaning).toMatchObject({ kind: 'handshake', confirm: undefined })
      expect(meaning.problems).toHaveLength(1)
    })
  }
})
