import { expect, test } from 'vitest'
import { isForwardable } from '../../src/domain/forwardable.ts'

const refused = [
  [
    'a header of one connection',
    ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
  ],
  ['a credential', ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'www-authenticate']],
  [
    'the framing of the body',
    ['content-type', 'content-length', 'content-encoding', 'content-md5', 'host', 'expect', 'accept-encoding'],
  ],
  [
    'where the request came from',
    ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via', 'origin', 'referer'],
  ],
  ['another method or URL', ['x-http-method-override', 'x-method-override', 'x-original-url', 'x-rewrite-url']],
  ['what browsers vouch for', ['sec-fetch-site', 'sec-websocket-key']],
  [
    'our own voice',
    [
      'user-agent',
      'postern-query',
      'x-nango-signature',
      'x-nango-hmac-sha256',
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
    ],
  ],
  ['one of these written with underscores', ['x_nango_hmac_sha256', 'webhook_id', 'content_length', 'x_forwarded_for']],
  ['what is no header name', ['', 'a b', 'a:b', 'a\r\nb', 'ä', 'X-Upper']],
] as const
for (const [what, names] of refused) {
  for (const name of names)
    test(`does not let ${JSON.stringify(name)} pass: ${what}`, () => expect(isForwardable(name)).toBe(false))
}

for (const name of [
  'x-github-event',
  'stripe-signature',
  'calendly-webhook-version',
  'x-shopify-topic',
  'webhook-event',
  'svix-id',
  'x-contentful-topic',
  'date',
]) {
  test(`lets ${name} pass`, () => expect(isForwardable(name)).toBe(true))
}
