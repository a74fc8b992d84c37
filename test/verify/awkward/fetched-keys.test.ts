import { createHash, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../../src/domain/provider-spec.gen.ts'
import type { DocumentRequest } from '../../../src/verify/verifier.ts'
import { writeCertificate } from '../../../src/verify/signing/write-certificate.ts'
import { documentsFrom, inbound, NOW, verify, withHeaders } from '../verifying.ts'
import { digest, hmac, runCases, withText } from './case.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const NOW_S = String(NOW / 1_000)

const rsaSha256 = (text: string, key: KeyObject = rsa.privateKey): string =>
  signBytes('sha256', Buffer.from(text), key).toString('base64')
const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString()
const jwkOf = (key: KeyObject, kid: string, more: object = {}): Record<string, unknown> => ({
  ...key.export({ format: 'jwk' }),
  kid,
  ...more,
})
const jwks = (...keys: Record<string, unknown>[]): string => JSON.stringify({ keys })
const token = (claims: object, key: KeyObject, header: { alg: string; kid?: string }): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader(header).sign(key)

// ---------------------------------------------------------------------------------------------------------------- aws-sns

const snsCertificate = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01d088a6f77103d0.pem'
const snsMessage = (changes: object = {}): string => {
  const message: Record<string, string> = {
    Type: 'Notification',
    MessageId: '22b80b92',
    TopicArn: 'arn:aws:sns:eu-west-1:123456789012:Topic',
    Subject: 'Line one',
    Message: '{"a":"b\\n"}',
    Timestamp: '2026-03-02T10:00:00.000Z',
    SignatureVersion: '2',
    SigningCertURL: snsCertificate,
    ...changes,
  }
  const names = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'].filter((name) => name in message)
  const text = names.map((name) => `${name}\n${message[name]!}\n`).join('')
  return JSON.stringify({ ...message, Signature: rsaSha256(text) })
}
const sns: Alternative = {
  scheme: 'rsa-sha256',
  when: 'body.SignatureVersion = "2"',
  fetched_key: {
    url: { expression: 'body.SigningCertURL' },
    hosts: ['sns.*.amazonaws.com', 'sns.*.amazonaws.com.cn'],
    path: '/SimpleNotificationService-*.pem',
    as: 'certificate',
  },
  signature: { body: 'body.Signature', encoding: 'base64' },
  signed:
    'Message\n{body:Message}\nMessageId\n{body:MessageId}\n{subject}Timestamp\n{body:Timestamp}\nTopicArn\n{body:TopicArn}\nType\n{body:Type}\n',
  texts: { subject: 'body.Subject ? "Subject\n" & body.Subject & "\n" : ""' },
  timestamp: { body: 'body.Timestamp', unit: 'iso8601' },
  tolerance: '1h',
  require: ['body.TopicArn in $split(options.topic_arns, ",")'],
}
const certificate = writeCertificate(rsa, 'sns.amazonaws.com')

// ----------------------------------------------------------------------------------------------------------------- paypal

const paypalCertificate = 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42'
const paypalBody = '{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED"}'
const paypal: Alternative = {
  scheme: 'rsa-sha256',
  fetched_key: {
    url: { expression: 'headers.`paypal-cert-url`' },
    hosts: ['api.paypal.com', 'api.sandbox.paypal.com'],
    path: '/v1/notifications/certs/*',
    as: 'certificate',
    subject: '*.paypal.com',
  },
  signature: { header: 'paypal-transmission-sig', encoding: 'base64' },
  signed: '{header:paypal-transmission-id}|{timestamp}|{option:webhook_id}|{body|crc32}',
  timestamp: { header: 'paypal-transmission-time', unit: 'iso8601' },
  require: ['headers.`paypal-auth-algo` = "SHA256withRSA"'],
}

// ------------------------------------------------------------------------------------------------------------------- ebay

const ebay: Alternative = {
  scheme: 'ecdsa-sha1',
  signature: {
    header: 'x-ebay-signature',
    json: { signature: 'signature', key_id: 'kid' },
    json_encoding: 'base64',
    encoding: 'base64',
  },
  fetched_key: {
    url: 'https://api.ebay.com/commerce/notification/v1/public_key/{key_id}',
    authorization: {
      client_credentials: {
        token_url: 'https://api.ebay.com/identity/v1/oauth2/token',
        client_id: '{option:client_id}',
        client_secret: '{secret:client_secret}',
        scope: 'https://api.ebay.com/oauth/api_scope',
      },
    },
    member: 'key',
    as: 'pem',
  },
  signed: '{body}',
  does_not_cover: ['time'],
}
/** https://github.com/eBay/event-notification-nodejs-sdk/blob/main/test/test.json */
const ebayVector = {
  headers: {
    'X-EBAY-SIGNATURE':
      'eyJhbGciOiJlY2RzYSIsImtpZCI6Ijk5MzYyNjFhLTdkN2ItNDYyMS1hMGYxLTk2Y2NiNDI4YWY0OSIsInNpZ25hdHVyZSI6Ik1FWUNJUUNmeGZJV3V4bVdjSUJRSjljNS9YN2lHREpxczJSQ0dzQkVhQWppbnlycmZBSWhBSVY2d0djVGlCdVY1S0pVaWYyaG9reXJMK1E5c3NIa2FkK214Mm5FRTI1dyIsImRpZ2VzdCI6IlNIQTEifQ==',
  },
  body: '{"metadata":{"topic":"MARKETPLACE_ACCOUNT_DELETION","schemaVersion":"1.0","deprecated":false},"notification":{"notificationId":"49feeaeb-4982-42d9-a377-9645b8479411_33f7e043-fed8-442b-9d44-791923bd9a6d","eventDate":"2021-03-19T20:43:59.462Z","publishDate":"2021-03-19T20:43:59.679Z","publishAttemptCount":1,"data":{"username":"test_user","userId":"ma8vp1jySJC","eiasToken":"nY+sHZ2PrBmdj6wVnY+sEZ2PrA2dj6wJnY+gAZGEpwmdj6x9nY+seQ=="}}}',
}
const ebayKey =
  '-----BEGIN PUBLIC KEY-----MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZhhxXKtR+TOvtDbgTPCkSof02qgBB7IsYOyf76ilExJ/upAa/vKIKheOoCyOpcLmi4t0b4uepb7LLjmMr90FUg==-----END PUBLIC KEY-----'
const ebayDocuments = {
  'https://api.ebay.com/identity/v1/oauth2/token': '{"access_token":"v^1.1#i^1","expires_in":7200}',
  'https://api.ebay.com/commerce/notification/v1/public_key/9936261a-7d7b-4621-a0f1-96ccb428af49': JSON.stringify({
    key: ebayKey,
    algorithm: 'ECDSA',
    digest: 'SHA1',
  }),
}
const ebayGiven = { secrets: { client_secret: 'cs' }, options: { client_id: 'app' } }

// --------------------------------------------------------------------------------------------------------- connectwise-psa

const connectwiseBody = '{"Action":"added","Metadata":{"key_url":"https://api-na.myconnectwise.net/key/1"}}'
const connectwise: Alternative = {
  scheme: 'hmac-sha256',
  fetched_key: {
    url: { expression: 'body.Metadata.key_url' },
    hosts: ['api-na.myconnectwise.net', '{option:on_premise_host}'],
    member: 'signing_key',
    as: 'secret',
  },
  key: { digest: 'sha256' },
  signature: { header: 'x-content-signature', encoding: 'base64' },
  signed: '{body}',
  does_not_cover: ['time'],
}

// -------------------------------------------------------------------------------------------------------------- key sets

const shipstation: Alternative = {
  scheme: 'rsa-sha256',
  jwks: 'https://api.shipengine.com/jwks',
  key_id: { header: 'x-shipengine-rsa-sha256-key-id' },
  signature: { header: 'x-shipengine-rsa-sha256-signature', encoding: 'base64' },
  signed: '{timestamp}.{body}',
  timestamp: { header: 'x-shipengine-timestamp', unit: 'iso8601' },
}
const shipstationTime = '2026-03-02T10:00:00Z'
const falText = `req-1\nuser-1\n${NOW_S}\n${digest('sha256', '{}').toString('hex')}`
const fal: Alternative = {
  scheme: 'ed25519',
  jwks: 'https://rest.fal.ai/.well-known/jwks.json',
  signature: { header: 'x-fal-webhook-signature' },
  signed: '{header:x-fal-webhook-request-id}\n{header:x-fal-webhook-user-id}\n{timestamp}\n{body|sha256|hex}',
  timestamp: { header: 'x-fal-webhook-timestamp', unit: 's' },
  require: ['headers.`x-fal-webhook-user-id` = options.user_id'],
}

// ------------------------------------------------------------------------------------------------------------------ tokens

const plaid: Alternative = {
  scheme: 'jwt',
  signature: { header: 'plaid-verification' },
  algorithms: ['ES256'],
  fetched_key: {
    url: 'https://{option:environment}.plaid.com/webhook_verification_key/get',
    hosts: ['sandbox.plaid.com', 'production.plaid.com'],
    post: { client_id: '{option:client_id}', secret: '{secret:secret}', key_id: '{key_id}' },
    member: 'key',
    as: 'jwk',
  },
  max_age: '5m',
  body_hash: { claim: 'request_body_sha256', digest: 'sha256', encoding: 'hex' },
  require: ['$not($exists(jwk.expired_at)) or jwk.expired_at = null or jwk.expired_at * 1000 > now'],
}
const plaidUrl = 'https://sandbox.plaid.com/webhook_verification_key/get'
const plaidToken = await token(
  { iat: NOW / 1_000, request_body_sha256: digest('sha256', '{}').toString('hex') },
  ec.privateKey,
  { alg: 'ES256', kid: 'k-1' },
)
const plaidDocument = (more: object): Record<string, string> => ({
  [plaidUrl]: JSON.stringify({ key: jwkOf(ec.publicKey, 'k-1', { use: 'sig', alg: 'ES256', ...more }) }),
})

const teams: Alternative = {
  scheme: 'jwt',
  openid: 'https://login.botframework.com/v1/.well-known/openidconfiguration',
  algorithms: ['RS256', 'RS384', 'RS512'],
  tolerance: '5m',
  claims: {
    iss: 'https://api.botframework.com',
    aud: { expression: 'options.app_id' },
    serviceurl: { expression: 'body.serviceUrl' },
  },
  required_claims: ['exp'],
  require: ['body.channelId in jwk.endorsements'],
}
const teamsBody = '{"channelId":"msteams","serviceUrl":"https://smba.trafficmanager.net/emea/"}'
const teamsToken = await token(
  {
    iss: 'https://api.botframework.com',
    aud: 'app-1',
    serviceurl: 'https://smba.trafficmanager.net/emea/',
    exp: NOW / 1_000 + 300,
  },
  rsa.privateKey,
  { alg: 'RS256', kid: 'k-1' },
)
const teamsDocuments = (endorsements: string[]): Record<string, string> => ({
  'https://login.botframework.com/v1/.well-known/openidconfiguration':
    '{"jwks_uri":"https://login.botframework.com/v1/.well-known/keys"}',
  'https://login.botframework.com/v1/.well-known/keys': jwks(jwkOf(rsa.publicKey, 'k-1', { endorsements })),
})

const lago: Alternative = {
  scheme: 'jwt',
  signature: { header: 'x-lago-signature' },
  algorithms: ['RS256'],
  fetched_key: {
    url: '{option:api_url}/api/v1/webhooks/public_key',
    authorization: { bearer: '{secret:api_key}' },
    as: 'pem',
  },
  claims: { iss: { expression: 'options.api_url' }, data: { expression: 'raw' } },
}
const lagoToken = await token({ iss: 'https://lago.example.com', data: '{"a":1}' }, rsa.privateKey, { alg: 'RS256' })

const jira: Alternative = {
  scheme: 'jwt',
  signature: { header: 'authorization', prefix: 'JWT ' },
  algorithms: ['RS256'],
  fetched_key: { url: 'https://connect-install-keys.atlassian.com/{key_id}', as: 'pem' },
  claims: {
    aud: { expression: 'options.base_url' },
    qsh: {
      expression:
        '$sha256(method & "&" & $substringAfter(path, "/webhook/jira") & "&" & $join($sortedPairs($queryString(url))[name != "jwt"].($urlencode(name) & "=" & $urlencode(value)), "&"))',
    },
  },
  does_not_cover: ['body'],
}
const jiraQsh = createHash('sha256').update('POST&/installed&a=x%20y&b=2').digest('hex')
const jiraToken = await token({ aud: 'https://app.example.com', qsh: jiraQsh }, rsa.privateKey, {
  alg: 'RS256',
  kid: 'key-7',
})

runCases([
  {
    name: 'aws-sns: canonical lines, a certificate from a pinned host',
    verify: sns,
    given: {
      keySets: documentsFrom({ [snsCertificate]: certificate, 'https://evil.example/x.pem': certificate }),
      options: { topic_arns: 'arn:aws:sns:eu-west-1:123456789012:Topic,arn:x' },
    },
    request: { body: snsMessage() },
    refused: [
      {
        name: 'a changed message',
        change: withText(snsMessage().replace('22b80b92', '22b80b93')),
        code: 'signature_mismatch',
      },
      {
        name: 'a certificate of another host',
        change: withText(snsMessage({ SigningCertURL: 'https://evil.example/x.pem' })),
        code: 'key_unavailable',
      },
      {
        name: 'a host that only begins like the pinned one',
        change: withText(
          snsMessage({
            SigningCertURL: 'https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem',
          }),
        ),
        code: 'key_unavailable',
      },
      {
        name: 'a bucket of the same domain',
        change: withText(
          snsMessage({ SigningCertURL: 'https://sns.a.b.amazonaws.com/SimpleNotificationService-1.pem' }),
        ),
        code: 'key_unavailable',
      },
      {
        name: 'another path of the pinned host',
        change: withText(
          snsMessage({ SigningCertURL: 'https://sns.eu-west-1.amazonaws.com/x/SimpleNotificationService-1.pem' }),
        ),
        code: 'key_unavailable',
      },
      {
        name: 'plain http',
        change: withText(snsMessage({ SigningCertURL: snsCertificate.replace('https', 'http') })),
        code: 'key_unavailable',
      },
      { name: 'another topic', given: { options: { topic_arns: 'arn:x' } }, code: 'requirement_unmet' },
      { name: 'an hour later', given: { now: NOW + 3_700_000 }, code: 'signature_expired' },
      {
        name: 'a certificate that is none',
        given: { keySets: documentsFrom({ [snsCertificate]: 'x' }) },
        code: 'key_unavailable',
      },
      {
        name: 'a certificate of another key',
        given: { keySets: documentsFrom({ [snsCertificate]: writeCertificate(otherRsa, 'sns.amazonaws.com') }) },
        code: 'signature_mismatch',
      },
      {
        name: 'a certificate followed by one that did not sign it',
        given: { keySets: documentsFrom({ [snsCertificate]: certificate + writeCertificate(otherRsa, 'ca') }) },
        code: 'key_unavailable',
      },
      { name: 'a certificate after its end', given: { now: Date.UTC(2101, 0, 1) }, code: 'key_unavailable' },
      { name: 'a certificate before its beginning', given: { now: Date.UTC(1999, 0, 1) }, code: 'key_unavailable' },
    ],
  },
  {
    name: 'paypal: the checksum of the body in decimal, the webhook’s id, a certificate of its own subject',
    verify: paypal,
    given: {
      keySets: documentsFrom({ [paypalCertificate]: writeCertificate(rsa, 'messageverificationcerts.paypal.com') }),
      options: { webhook_id: 'WEBHOOK-1' },
    },
    request: {
      headers: {
        'paypal-transmission-id': 't-1',
        'paypal-transmission-time': '2026-03-02T10:00:00Z',
        'paypal-cert-url': paypalCertificate,
        'paypal-auth-algo': 'SHA256withRSA',
        'paypal-transmission-sig': rsaSha256(`t-1|2026-03-02T10:00:00Z|WEBHOOK-1|${crc32(paypalBody)}`),
      },
      body: paypalBody,
    },
    refused: [
      { name: 'a changed body', change: withText('{}'), code: 'signature_mismatch' },
      { name: 'another webhook', given: { options: { webhook_id: 'WEBHOOK-2' } }, code: 'signature_mismatch' },
      { name: 'no webhook configured', given: { options: {} }, code: 'signed_text_unavailable' },
      {
        name: 'another algorithm',
        change: (one) => withHeaders(one, { 'paypal-auth-algo': 'SHA1withRSA' }),
        code: 'requirement_unmet',
      },
      {
        name: 'a certificate of another subject',
        given: { keySets: documentsFrom({ [paypalCertificate]: writeCertificate(rsa, 'paypal.com.evil.example') }) },
        code: 'key_unavailable',
      },
      {
        name: 'a certificate’s URL sent twice',
        change: (one) => withHeaders(one, { 'paypal-cert-url': [paypalCertificate, paypalCertificate] }),
        code: 'key_unavailable',
      },
    ],
  },
  {
    name: 'ebay: the published vector, with a key by id from an API with client credentials',
    verify: ebay,
    given: { ...ebayGiven, keySets: documentsFrom(ebayDocuments) },
    request: ebayVector,
    refused: [
      {
        name: 'a changed body',
        change: withText(ebayVector.body.replace('test_user', 'best_user')),
        code: 'signature_mismatch',
      },
      { name: 'an unknown key', given: { keySets: documentsFrom({}) }, code: 'key_unavailable' },
      { name: 'no credentials', given: { options: {} }, code: 'key_unavailable' },
      { name: 'no secret', given: { secrets: {} }, code: 'secret_missing' },
      {
        name: 'a key id that leads elsewhere',
        change: (one) =>
          withHeaders(one, {
            'x-ebay-signature': Buffer.from('{"kid":"..","signature":"AAAA"}').toString('base64'),
          }),
        code: 'signature_malformed',
      },
      {
        name: 'a value that is no JSON',
        change: (one) => withHeaders(one, { 'x-ebay-signature': 'AAAA' }),
        code: 'signature_malformed',
      },
    ],
  },
  {
    name: 'connectwise: a secret from a URL in the body, of which a digest is the key',
    verify: connectwise,
    given: {
      keySets: documentsFrom({
        'https://api-na.myconnectwise.net/key/1': '{"signing_key":"abc"}',
        'https://evil.example/key/1': '{"signing_key":"evil"}',
      }),
      body: 'json',
    },
    request: {
      headers: { 'x-content-signature': hmac('sha256', digest('sha256', 'abc'), connectwiseBody, 'base64') },
      body: connectwiseBody,
    },
    refused: [
      {
        name: 'a URL of somebody else with his own key',
        change: (one) => {
          const body = connectwiseBody.replace('api-na.myconnectwise.net', 'evil.example')
          return withHeaders(withText(body)(one), {
            'x-content-signature': hmac('sha256', digest('sha256', 'evil'), body, 'base64'),
          })
        },
        code: 'key_unavailable',
      },
      {
        name: 'a URL with a port',
        change: withText(connectwiseBody.replace('.net/', '.net:8443/')),
        code: 'key_unavailable',
      },
      {
        name: 'a URL with a user name',
        change: withText(connectwiseBody.replace('https://', 'https://a@')),
        code: 'key_unavailable',
      },
      { name: 'no URL', change: withText('{}'), code: 'key_unavailable' },
      {
        name: 'the key itself in place of its digest',
        change: (one) => withHeaders(one, { 'x-content-signature': hmac('sha256', 'abc', connectwiseBody, 'base64') }),
        code: 'signature_mismatch',
      },
      {
        name: 'an answer without the key',
        given: { keySets: documentsFrom({ 'https://api-na.myconnectwise.net/key/1': '{}' }) },
        code: 'key_unavailable',
      },
    ],
  },
  {
    name: 'shipstation: a bare RSA signature by a published key that a header names',
    verify: shipstation,
    given: {
      keySets: documentsFrom({
        'https://api.shipengine.com/jwks': jwks(jwkOf(ec.publicKey, 'k-2'), jwkOf(rsa.publicKey, 'k-1')),
      }),
    },
    request: {
      headers: {
        'x-shipengine-rsa-sha256-key-id': 'k-1',
        'x-shipengine-rsa-sha256-signature': rsaSha256(`${shipstationTime}.{}`),
        'x-shipengine-timestamp': shipstationTime,
      },
      body: '{}',
    },
    refused: [
      { name: 'a changed body', change: withText('[]'), code: 'signature_mismatch' },
      {
        name: 'an unknown key',
        change: (one) => withHeaders(one, { 'x-shipengine-rsa-sha256-key-id': 'k-9' }),
        code: 'key_unavailable',
      },
      {
        name: 'a key of another kind',
        change: (one) => withHeaders(one, { 'x-shipengine-rsa-sha256-key-id': 'k-2' }),
        code: 'key_unavailable',
      },
      {
        name: 'no key named',
        change: (one) => withHeaders(one, { 'x-shipengine-rsa-sha256-key-id': undefined }),
        code: 'signature_missing',
      },
      {
        name: 'a key for encryption',
        given: {
          keySets: documentsFrom({
            'https://api.shipengine.com/jwks': jwks(jwkOf(rsa.publicKey, 'k-1', { use: 'enc' })),
          }),
        },
        code: 'key_unavailable',
      },
    ],
  },
  {
    name: 'fal: Ed25519 over a digest among lines, any of the published keys',
    verify: fal,
    given: {
      keySets: documentsFrom({
        'https://rest.fal.ai/.well-known/jwks.json': jwks(
          jwkOf(generateKeyPairSync('ed25519').publicKey, 'a'),
          jwkOf(ed.publicKey, 'b'),
        ),
      }),
      options: { user_id: 'user-1' },
    },
    request: {
      headers: {
        'x-fal-webhook-request-id': 'req-1',
        'x-fal-webhook-user-id': 'user-1',
        'x-fal-webhook-timestamp': NOW_S,
        'x-fal-webhook-signature': signBytes(null, Buffer.from(falText), ed.privateKey).toString('hex'),
      },
      body: '{}',
    },
    refused: [
      { name: 'a changed body', change: withText('[]'), code: 'signature_mismatch' },
      { name: 'another account', given: { options: { user_id: 'user-2' } }, code: 'requirement_unmet' },
    ],
  },
  {
    name: 'plaid: a token whose key is asked for by POST with credentials',
    verify: plaid,
    given: {
      keySets: documentsFrom(plaidDocument({ expired_at: null })),
      secrets: { secret: 's' },
      options: { environment: 'sandbox', client_id: 'c' },
    },
    request: { headers: { 'plaid-verification': plaidToken }, body: '{}' },
    refused: [
      { name: 'a changed body', change: withText('[]'), code: 'body_hash_mismatch' },
      { name: 'six minutes later', given: { now: NOW + 360_000 + 60_000 }, code: 'signature_expired' },
      {
        name: 'an expired key',
        given: { keySets: documentsFrom(plaidDocument({ expired_at: NOW / 1_000 - 1 })) },
        code: 'requirement_unmet',
      },
      {
        name: 'an environment that is a host',
        given: { options: { environment: 'evil.example/', client_id: 'c' } },
        code: 'key_unavailable',
      },
      { name: 'no client id', given: { options: { environment: 'sandbox' } }, code: 'key_unavailable' },
    ],
  },
  {
    name: 'microsoft-teams: keys behind OpenID metadata, and their endorsements',
    verify: teams,
    given: { keySets: documentsFrom(teamsDocuments(['msteams'])), options: { app_id: 'app-1' } },
    request: { headers: { authorization: `Bearer ${teamsToken}` }, body: teamsBody },
    refused: [
      {
        name: 'a key that is not endorsed',
        given: { keySets: documentsFrom(teamsDocuments(['skype'])) },
        code: 'requirement_unmet',
      },
      { name: 'another service', change: withText(teamsBody.replace('emea', 'amer')), code: 'claim_mismatch' },
      { name: 'another app', given: { options: { app_id: 'app-2' } }, code: 'claim_mismatch' },
      {
        name: 'metadata that point to another host',
        given: {
          keySets: documentsFrom({
            'https://login.botframework.com/v1/.well-known/openidconfiguration':
              '{"jwks_uri":"https://evil.example/keys"}',
            'https://evil.example/keys': jwks(jwkOf(rsa.publicKey, 'k-1', { endorsements: ['msteams'] })),
          }),
        },
        code: 'key_unavailable',
      },
    ],
  },
  {
    name: 'lago: a token that holds the body, with a PEM in base64 from the customer’s own API',
    verify: lago,
    given: {
      secrets: { api_key: 'k' },
      options: { api_url: 'https://lago.example.com' },
      keySets: documentsFrom({
        'https://lago.example.com/api/v1/webhooks/public_key': Buffer.from(pemOf(rsa.publicKey)).toString('base64'),
      }),
    },
    request: { headers: { 'x-lago-signature': lagoToken }, body: '{"a":1}' },
    refused: [
      { name: 'a changed body', change: withText('{"a":2}'), code: 'claim_mismatch' },
      {
        name: 'another installation',
        given: { options: { api_url: 'https://other.example.com' } },
        code: 'key_unavailable',
      },
    ],
  },
  {
    name: 'jira: a PEM by key id, and a digest of method, path and sorted query',
    verify: jira,
    given: {
      options: { base_url: 'https://app.example.com' },
      keySets: documentsFrom({ 'https://connect-install-keys.atlassian.com/key-7': pemOf(rsa.publicKey) }),
    },
    request: {
      url: 'https://hooks.example.com/webhook/jira/installed?b=2&a=x%20y',
      headers: { authorization: `JWT ${jiraToken}` },
    },
    refused: [
      {
        name: 'another query',
        change: (one) => ({ ...one, url: one.url.replace('b=2', 'b=3') }),
        code: 'claim_mismatch',
      },
      {
        name: 'the key of somebody else under the same id',
        given: {
          keySets: documentsFrom({ 'https://connect-install-keys.atlassian.com/key-7': pemOf(otherRsa.publicKey) }),
        },
        code: 'signature_mismatch',
      },
    ],
  },
])

describe('what is asked for', () => {
  test('is asked with our credentials, and only where the spec says', async () => {
    const asked: DocumentRequest[] = []
    await verify(ebay, inbound(ebayVector), { ...ebayGiven, keySets: documentsFrom(ebayDocuments, asked) })
    expect(asked).toEqual([
      {
        url: 'https://api.ebay.com/identity/v1/oauth2/token',
        accept: 'application/json',
        authorization: `Basic ${Buffer.from('app:cs').toString('base64')}`,
        body: {
          contentType: 'application/x-www-form-urlencoded',
          text: 'grant_type=client_credentials&scope=https%3A%2F%2Fapi.ebay.com%2Foauth%2Fapi_scope',
        },
      },
      {
        url: 'https://api.ebay.com/commerce/notification/v1/public_key/9936261a-7d7b-4621-a0f1-96ccb428af49',
        accept: 'application/json',
        authorization: 'Bearer v^1.1#i^1',
      },
    ])
  })

  test('a key with its id and our secret is asked for by POST', async () => {
    const asked: DocumentRequest[] = []
    const result = await verify(plaid, inbound({ headers: { 'plaid-verification': plaidToken }, body: '{}' }), {
      secrets: { secret: 's' },
      options: { environment: 'sandbox', client_id: 'c' },
      keySets: documentsFrom(plaidDocument({}), asked),
    })
    expect(result.kind).toBe('accepted')
    expect(asked.map(({ body }) => body?.text)).toEqual(['{"client_id":"c","secret":"s","key_id":"k-1"}'])
  })

  test('a token of our own is asked for again in its last minute', async () => {
    const asked: DocumentRequest[] = []
    const early = documentsFrom(ebayDocuments, asked, NOW - 7_180_000)
    await verify(ebay, inbound(ebayVector), { ...ebayGiven, keySets: early })
    expect(asked.filter(({ body }) => body !== undefined)).toHaveLength(2)
  })

  test('a wrong signature makes the key be asked for once more, and no more than that', async () => {
    const asked: DocumentRequest[] = []
    const given = { ...ebayGiven, keySets: documentsFrom(ebayDocuments, asked) }
    await verify(ebay, inbound({ ...ebayVector, body: '{}' }), given)
    expect(asked.filter(({ url }) => url.includes('public_key'))).toHaveLength(2)
  })
})
