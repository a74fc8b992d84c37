import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import { withHeaders } from '../verifying.ts'
import { type AwkwardCase, digest, hmac, runCases } from './case.ts'

const body = '{"a":1}'
const sealed = (key: string | Buffer, hash = 'sha256'): Record<string, string> => ({
  'x-signature': hmac(hash, key, body),
})
const plain: Alternative = {
  scheme: 'hmac-sha256',
  secret: 'secret',
  signature: { header: 'x-signature' },
  signed: '{body}',
  does_not_cover: ['time'],
}
const whsec = (text: string): string => `whsec_${Buffer.from(text).toString('base64')}`

interface KeyCase {
  readonly name: string
  readonly key: Alternative['key'] & object
  readonly secret: string
  readonly more?: Record<string, string>
  readonly options?: Record<string, string>
  readonly made: string | Buffer
  readonly refused?: AwkwardCase['refused']
}

const keys: readonly KeyCase[] = [
  {
    name: 'surveymonkey: id and secret joined',
    key: { template: '{option:client_id}&{secret}' },
    secret: 's',
    options: { client_id: 'app' },
    made: 'app&s',
    refused: [{ name: 'no id configured', given: { options: {} }, code: 'key_invalid' }],
  },
  { name: 'fitbit: a suffix', key: { suffix: '&' }, secret: 's', made: 's&' },
  {
    name: 'a key of two secrets',
    key: { template: '{secret:other}.{secret}' },
    secret: 's',
    more: { other: 'o' },
    made: 'o.s',
    refused: [{ name: 'the other not configured', given: { secrets: { secret: 's' } }, code: 'secret_missing' }],
  },
  { name: 'easypost: normalised', key: { normalize: 'NFKD' }, secret: 'caf\u00e9\ufb01', made: 'cafe\u0301fi' },
  ...['a', 'b'].map((which): KeyCase => ({
    name: `supabase: several in one, key ${which}`,
    key: { split: '|', strip_prefix: 'v1,whsec_', encoding: 'base64' },
    secret: `v1,${whsec('a')}|v1,${whsec('b')}`,
    made: which,
  })),
  {
    name: 'github-app: the text of a digest of three configured values',
    key: { template: '{option:app_id}{secret}{option:public_link}', digest: 'sha256', digest_encoding: 'hex' },
    secret: '-----BEGIN RSA PRIVATE KEY-----',
    options: { app_id: '12', public_link: 'https://github.com/apps/x' },
    made: digest('sha256', '12-----BEGIN RSA PRIVATE KEY-----https://github.com/apps/x').toString('hex'),
  },
  { name: 'ably: what follows the colon', key: { after: ':' }, secret: 'app.key:s', made: 's' },
  {
    name: 'openai: base64 behind the prefix',
    key: { strip_prefix: 'whsec_', encoding: 'base64', without_prefix: 'utf8' },
    secret: whsec('abc'),
    made: 'abc',
  },
  {
    name: 'openai: text where there is no prefix',
    key: { strip_prefix: 'whsec_', encoding: 'base64', without_prefix: 'utf8' },
    secret: 'YWJj',
    made: 'YWJj',
  },
  { name: 'close: hex', key: { encoding: 'hex' }, secret: '616263', made: 'abc' },
  { name: 'braintree: a raw digest', key: { digest: 'sha1' }, secret: 'p', made: digest('sha1', 'p') },
]

runCases([
  ...keys.map(({ name, key, secret, more = {}, options = {}, made, refused = [] }): AwkwardCase => ({
    name,
    verify: { ...plain, key },
    given: { secrets: { secret, ...more }, options },
    request: { headers: sealed(made), body },
    refused: [
      { name: 'another key', change: (one) => withHeaders(one, sealed('other')), code: 'signature_mismatch' },
      ...refused,
    ],
  })),
  {
    name: 'mandrill: any key but the one that everybody knows',
    verify: { ...plain, key: { refuse: ['test-webhook'] } },
    given: { secrets: { secret: 'mine' } },
    request: { headers: sealed('mine'), body },
    refused: [
      {
        name: 'the test key, though it is configured',
        change: (one) => withHeaders(one, sealed('test-webhook')),
        given: { secrets: { secret: 'test-webhook' } },
        code: 'key_invalid',
      },
    ],
  },
  ...(['sha1', 'sha256', 'sha512'] as const).map((hash): AwkwardCase => ({
    name: `sumsub: ${hash} by configuration`,
    verify: (['sha1', 'sha256', 'sha512'] as const).map((one): Alternative => ({
      ...plain,
      name: one,
      scheme: `hmac-${one}`,
      when: `options.digest_alg = "${one}"`,
    })),
    given: { secrets: { secret: 's' }, options: { digest_alg: hash } },
    request: { headers: { ...sealed('s', hash), 'x-payload-digest-alg': 'HMAC_SHA1_HEX' }, body },
    refused: [
      {
        name: 'another algorithm than the configured',
        change: (one) => withHeaders(one, sealed('s', hash === 'sha1' ? 'sha256' : 'sha1')),
        code: 'signature_mismatch',
      },
    ],
  })),
])
