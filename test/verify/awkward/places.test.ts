import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import { createVerifier } from '../../../src/verify/create-verifier.ts'
import { compileExpression, withHeaders } from '../verifying.ts'
import { type AwkwardCase, hmac, runCases, withText } from './case.ts'

const body = '{"a":1}'
const right = hmac('sha256', 's', body)
const wrong = hmac('sha256', 'x', body)
const plain: Alternative = {
  scheme: 'hmac-sha256',
  secret: 'secret',
  signature: { header: 'x-signature' },
  signed: '{body}',
  does_not_cover: ['time'],
}
const at = (signature: Alternative['signature'] & object): Alternative => ({ ...plain, signature })
const given = { secrets: { secret: 's' } }
const token = (signature: Alternative['signature'] & object): Alternative => ({
  scheme: 'token',
  secret: 'secret',
  signature,
  does_not_cover: ['body', 'time'],
})
const family = (prefix: string): Alternative => ({
  ...plain,
  name: prefix,
  key: { strip_prefix: 'whsec_', encoding: 'base64' },
  signature: { header: `${prefix}-signature`, format: 'v1,{signature}', separator: ' ', encoding: 'base64' },
  signed: `{header:${prefix}-id}.{timestamp}.{body}`,
  timestamp: { header: `${prefix}-timestamp`, unit: 's' },
})
const familyHeaders = (prefix: string, key: string): Record<string, string> => ({
  [`${prefix}-id`]: 'm1',
  [`${prefix}-timestamp`]: '1772445600',
  [`${prefix}-signature`]: `v1,${hmac('sha256', key, `m1.1772445600.${body}`, 'base64')}`,
})

runCases([
  ...(['attio-signature', 'x-attio-signature'] as const).map((name): AwkwardCase => ({
    name: `attio: another name of the header (${name})`,
    verify: at({ header: 'Attio-Signature', aliases: ['X-Attio-Signature'] }),
    given,
    request: { headers: { [name]: right }, body },
    refused: [
      {
        name: 'a wrong one under the name that comes first',
        change: (one) => withHeaders(one, { 'attio-signature': wrong, 'x-attio-signature': right }),
        code: 'signature_mismatch',
      },
      { name: 'none of them', change: (one) => withHeaders(one, { [name]: undefined }), code: 'signature_missing' },
    ],
  })),
  {
    name: 'metronome: an older name of the timestamp’s header',
    verify: {
      ...plain,
      signed: '{timestamp}\n{body}',
      timestamp: { header: 'x-metronome-date', aliases: ['date'], unit: 'http_date' },
    },
    given,
    request: {
      headers: {
        date: 'Mon, 02 Mar 2026 10:00:00 GMT',
        'x-signature': hmac('sha256', 's', `Mon, 02 Mar 2026 10:00:00 GMT\n${body}`),
      },
      body,
    },
    refused: [
      {
        name: 'another date',
        change: (one) => withHeaders(one, { date: 'Mon, 02 Mar 2026 10:00:01 GMT' }),
        code: 'signature_mismatch',
      },
      { name: 'no date', change: (one) => withHeaders(one, { date: undefined }), code: 'timestamp_missing' },
    ],
  },
  ...(['svix', 'webhook'] as const).map((prefix): AwkwardCase => ({
    name: `svix: a whole family of headers (${prefix})`,
    verify: [family('svix'), family('webhook')],
    given: { secrets: { secret: 'whsec_czNjcmV0' } },
    request: { headers: familyHeaders(prefix, 's3cret'), body },
    refused: [
      {
        name: 'a wrong one of the family that comes first',
        change: (one) => withHeaders(one, familyHeaders('svix', 'x')),
        code: 'signature_mismatch',
      },
      {
        name: 'the id of the other family',
        change: (one) => withHeaders(one, { [`${prefix}-id`]: undefined, 'other-id': 'm1' }),
        code: 'signed_text_unavailable',
      },
    ],
  })),
  {
    name: 'videoask: the header that the customer has named',
    verify: at({ header_option: 'signature_header' }),
    given: { ...given, options: { signature_header: 'X-My-Signature' } },
    request: { headers: { 'x-my-signature': right }, body },
    refused: [
      { name: 'no name configured', given: { options: {} }, code: 'signature_missing' },
      {
        name: 'another name configured',
        given: { options: { signature_header: 'X-Other' } },
        code: 'signature_missing',
      },
      {
        name: 'it sent twice',
        change: (one) => withHeaders(one, { 'x-my-signature': [right, right] }),
        code: 'signature_ambiguous',
      },
    ],
  },
  {
    name: 'grafana: a timestamp only where its header is configured',
    verify: [
      {
        ...plain,
        name: 'timed',
        when: 'options.timestamp_header',
        signed: '{timestamp}:{body}',
        timestamp: { header_option: 'timestamp_header', unit: 's' },
      },
      { ...plain, name: 'untimed', when: '$not($exists(options.timestamp_header))' },
    ],
    given: { ...given, options: { timestamp_header: 'X-Time' } },
    request: { headers: { 'x-time': '1772445600', 'x-signature': hmac('sha256', 's', `1772445600:${body}`) }, body },
    refused: [
      { name: 'no timestamp', change: (one) => withHeaders(one, { 'x-time': undefined }), code: 'timestamp_missing' },
      {
        name: 'the signature without time',
        change: (one) => withHeaders(one, { 'x-signature': right }),
        code: 'signature_mismatch',
      },
      { name: 'the timed signature where none is configured', given: { options: {} }, code: 'signature_mismatch' },
    ],
  },
  {
    name: 'docusign: numbered headers, one for each key',
    verify: {
      ...at({ numbered_header: 'X-DocuSign-Signature-', encoding: 'base64' }),
      require: ['headers.`x-authorization-digest` = "HMACSHA256"'],
    },
    given: { secrets: { secret: ['old', 's'] } },
    request: {
      headers: {
        'x-authorization-digest': 'HMACSHA256',
        'x-docusign-signature-1': hmac('sha256', 'gone', body, 'base64'),
        'x-docusign-signature-100': hmac('sha256', 's', body, 'base64'),
      },
      body,
    },
    refused: [
      {
        name: 'only a foreign one',
        change: (one) => withHeaders(one, { 'x-docusign-signature-100': undefined }),
        code: 'signature_mismatch',
      },
      {
        name: 'another algorithm',
        change: (one) => withHeaders(one, { 'x-authorization-digest': 'none' }),
        code: 'requirement_unmet',
      },
      { name: 'a changed body', change: withText('{}'), code: 'signature_mismatch' },
    ],
  },
  ...(['sha256=', ''] as const).map((prefix): AwkwardCase => ({
    name: `fireflies: a prefix that may be missing ("${prefix}")`,
    verify: at({ header: 'x-signature', prefix: 'sha256=', prefix_optional: true }),
    given,
    request: { headers: { 'x-signature': prefix + right }, body },
    refused: [
      {
        name: 'another prefix',
        change: (one) => withHeaders(one, { 'x-signature': `sha1=${right}` }),
        code: 'signature_malformed',
      },
    ],
  })),
  {
    name: 'paystack: key id and signature in one element',
    verify: {
      ...plain,
      signature: { header: 'x-signature', format: 't={timestamp},v1={key_id}:{signature}' },
      signed: '{timestamp}.{body}',
      timestamp: { part: 'timestamp', unit: 's' },
    },
    given,
    request: {
      headers: { 'x-signature': `t=1772445600,v1=k1:${wrong},v1=k2:${hmac('sha256', 's', `1772445600.${body}`)}` },
      body,
    },
    refused: [
      {
        name: 'two times',
        change: (one) => withHeaders(one, { 'x-signature': `t=1772445600,t=1772445601,v1=k:${right}` }),
        code: 'signature_ambiguous',
      },
    ],
  },
  {
    name: 'a signature inside a JSON value of a header',
    verify: at({ header: 'x-signature', json: { signature: 'sig' } }),
    given,
    request: { headers: { 'x-signature': JSON.stringify({ v: 1, sig: right }) }, body },
    refused: [
      {
        name: 'a value without it',
        change: (one) => withHeaders(one, { 'x-signature': '{"v":1}' }),
        code: 'signature_malformed',
      },
      { name: 'an array', change: (one) => withHeaders(one, { 'x-signature': '[1]' }), code: 'signature_malformed' },
    ],
  },
  {
    name: 'a signature that only an expression finds',
    verify: at({ expression: '$substringAfter(headers.authorization, "sig=")' }),
    given,
    request: { headers: { authorization: `Custom key=1;sig=${right}` }, body },
    refused: [
      {
        name: 'the header sent twice',
        change: (one) => withHeaders(one, { authorization: [`sig=${right}`, `sig=${right}`] }),
        code: 'signature_missing',
      },
      { name: 'a changed body', change: withText('{}'), code: 'signature_mismatch' },
    ],
  },
  {
    name: 'dropbox-sign: the digest of an event in JSON in a multipart form',
    verify: {
      ...plain,
      signature: { body: 'body.event.event_hash' },
      signed: '{body:event.event_time}{body:event.event_type}',
      does_not_cover: ['body', 'time'],
    },
    given: { ...given, body: { multipart_json: 'json' } },
    request: {
      body: `--x1\r\ncontent-disposition: form-data; name="json"\r\n\r\n${JSON.stringify({
        event: { event_time: '1', event_type: 'signed', event_hash: hmac('sha256', 's', '1signed') },
      })}\r\n--x1--\r\n`,
    },
    refused: [{ name: 'no form', change: withText('{}'), code: 'signature_missing' }],
  },
  {
    name: 'a token in a multipart field',
    verify: token({ form: 'token' }),
    given,
    request: { body: '--x1\r\ncontent-disposition: form-data; name="token"\r\n\r\ns\r\n--x1--\r\n' },
    refused: [
      {
        name: 'it twice',
        change: withText(
          '--x1\r\ncontent-disposition: form-data; name="token"\r\n\r\ns\r\n--x1\r\ncontent-disposition: form-data; name="token"\r\n\r\ns\r\n--x1--\r\n',
        ),
        code: 'signature_ambiguous',
      },
    ],
  },
  {
    name: 'revenuecat: a signature, and a token beside it where one is configured',
    verify: [
      {
        ...plain,
        name: 'signed',
        also: [token({ header: 'authorization' })].map((one) => ({ ...one, secret: 'authorization' })) as [Alternative],
      },
      { ...token({ header: 'authorization' }), secret: 'authorization', unless_configured: ['secret'] },
    ],
    given: { secrets: { secret: 's', authorization: 'let me in' } },
    request: { headers: { 'x-signature': right, authorization: 'let me in' }, body },
    refused: [
      { name: 'a wrong token', change: (one) => withHeaders(one, { authorization: 'x' }), code: 'token_mismatch' },
      { name: 'no token', change: (one) => withHeaders(one, { authorization: undefined }), code: 'signature_missing' },
      {
        name: 'a wrong signature',
        change: (one) => withHeaders(one, { 'x-signature': wrong }),
        code: 'signature_mismatch',
      },
      {
        name: 'the token alone',
        change: (one) => withHeaders(one, { 'x-signature': undefined }),
        code: 'signature_missing',
      },
    ],
  },
  {
    name: 'revenuecat: a signature alone where no token is configured',
    verify: { ...plain, also: [{ ...token({ header: 'authorization' }), secret: 'authorization' }] },
    given,
    request: { headers: { 'x-signature': right }, body },
    refused: [],
  },
])

describe('what may be equal', () => {
  const other: Alternative = { ...plain, name: 'second', equal_to: 'first', signature: { header: 'x-other' } }
  for (const { name, change } of [
    { name: 'a scheme that proves less', change: { scheme: 'token' as const, signed: undefined } },
    { name: 'one that admits more', change: { does_not_cover: ['time', 'body'] as ['time', 'body'] } },
    { name: 'one that requires less', change: { equal_to: 'nobody' } },
  ]) {
    test(`refuses as equal ${name}`, () => {
      const changed = { ...other, ...change } as Alternative
      if (changed.signed === undefined) delete changed.signed
      expect(() => createVerifier([{ ...plain, name: 'first' }, changed], { compileExpression })).toThrow(
        /first|nobody/,
      )
    })
  }
})
