import { generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { withHeaders } from '../verifying.ts'
import { type AwkwardCase, digest, hmac, runCases, withText, withUrl } from './case.ts'

const secret = 's3cret'
const secrets = { secret }
const NOW_S = '1772445600' // 2026-03-02T10:00:00Z
const header = { header: 'x-signature' }

const adyenKey = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056'
const adyenItem = (success: string, amount: number): object => ({
  NotificationRequestItem: {
    pspReference: '7914073381342284',
    merchantAccountCode: 'TestMerchant',
    merchantReference: 'TestPayment-1407325143704',
    amount: { value: amount, currency: 'EUR' },
    eventCode: 'AUTHORISATION',
    success,
    additionalData: {
      hmacSignature: hmac(
        'sha256',
        Buffer.from(adyenKey, 'hex'),
        `7914073381342284::TestMerchant:TestPayment-1407325143704:${amount}:EUR:AUTHORISATION:${success}`,
        'base64',
      ),
    },
  },
})
const adyenBody = JSON.stringify({ live: 'false', notificationItems: [adyenItem('true', 1130), adyenItem('false', 5)] })

const paddle = generateKeyPairSync('rsa', { modulusLength: 2048 })
const paddlePhp =
  'a:3:{s:10:"alert_name";s:16:"payment_succeede";s:8:"customer";s:8:"Zo\u00eb & S";s:5:"total";s:5:"10.00";}'
const paddleForm = new URLSearchParams({ total: '10.00', alert_name: 'payment_succeede', customer: 'Zo\u00eb & S' })
paddleForm.set('p_signature', signBytes('sha1', Buffer.from(paddlePhp, 'utf8'), paddle.privateKey).toString('base64'))

const freshbooksForm = 'name=invoice.create&object_id=1447322&note=caf%C3%A9+%22x%22'
const freshbooksJson = '{"name": "invoice.create", "object_id": "1447322", "note": "caf\\u00e9 \\"x\\""}'

const braintreeKey = digest('sha1', 'private')
const braintreePayload = 'PG5vdGlmaWNhdGlvbj48L25vdGlmaWNhdGlvbj4='
const braintree = (signed: string): string =>
  new URLSearchParams({
    bt_signature: `other|${'0'.repeat(40)}&public|${hmac('sha1', braintreeKey, signed)}`,
    bt_payload: braintreePayload,
  }).toString()

const vonageText = '&message=a_b_c&msisdn=447700900001&timestamp=1772445600'

const messagebirdQuery = 'statusDatetime=2026-03-02T10%3A00%3A00&id=e8077d80&reference=x'
const messagebirdText = (body: string): Buffer =>
  Buffer.concat([
    Buffer.from(`${NOW_S}\nid=e8077d80&reference=x&statusDatetime=2026-03-02T10%3A00%3A00\n`),
    digest('sha256', body),
  ])

const contentfulHeaders: Record<string, string> = {
  'x-contentful-signed-headers': 'x-contentful-timestamp,X-Contentful-Topic,x-contentful-signed-headers',
  'x-contentful-timestamp': '1772445600000',
  'x-contentful-topic': ' ContentManagement.Entry.save ',
}
const contentfulText = [
  'POST',
  '/hooks/cf?a%253D1%2526b%253D2',
  'x-contentful-signed-headers:x-contentful-timestamp,X-Contentful-Topic,x-contentful-signed-headers;x-contentful-timestamp:1772445600000;x-contentful-topic:ContentManagement.Entry.save',
  '{"sys":{}}',
].join('\n')

const plivoUrl = 'https://hooks.example.com/plivo?b=2&a=%C3%A9'
const plivoForm = 'To=447&From=1%2B1&Text=x'

const boxBody = '{"name":"caf\u00e9"}'
const samplePersona = '{"data":{"id":"evt_1"}}'

runCases([
  {
    name: 'mercado-pago: a manifest that drops what is missing',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'x-signature', format: 'ts={timestamp},v1={signature}' },
      signed: '{manifest}',
      texts: {
        manifest:
          '(query."data.id" ? "id:" & $lowercase(query."data.id") & ";") & (headers."x-request-id" ? "request-id:" & headers."x-request-id" & ";") & "ts:" & parts.timestamp & ";"',
      },
      timestamp: { part: 'timestamp', unit: 's_or_ms' },
      does_not_cover: ['body'],
    },
    given: { secrets },
    request: {
      url: 'https://hooks.example.com/mp?data.id=ABC123&type=payment',
      headers: { 'x-signature': `ts=1772445600000,v1=${hmac('sha256', secret, 'id:abc123;ts:1772445600000;')}` },
      body: '{}',
    },
    refused: [
      { name: 'another id', change: withUrl((url) => url.replace('ABC', 'ABD')), code: 'signature_mismatch' },
      {
        name: 'a request id that was not signed',
        change: (request) => withHeaders(request, { 'x-request-id': 'r1' }),
        code: 'signature_mismatch',
      },
      { name: 'one that is an hour old', given: { now: 1_772_449_200_000 }, code: 'signature_expired' },
    ],
  },
  {
    name: 'adyen: every item signed by eight of its fields, absent ones empty',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      key: { encoding: 'hex' },
      each: 'body.notificationItems',
      signature: { body: 'item.NotificationRequestItem.additionalData.hmacSignature', encoding: 'base64' },
      signed:
        '{item:NotificationRequestItem.pspReference}:{item:NotificationRequestItem.originalReference?}:{item:NotificationRequestItem.merchantAccountCode}:{item:NotificationRequestItem.merchantReference}:{item:NotificationRequestItem.amount.value}:{item:NotificationRequestItem.amount.currency}:{item:NotificationRequestItem.eventCode}:{item:NotificationRequestItem.success}',
      does_not_cover: ['time'],
    },
    given: { secrets: { secret: adyenKey } },
    request: { body: adyenBody },
    refused: [
      {
        name: 'an amount changed in the second item',
        change: withText(adyenBody.replace('"value":5', '"value":6')),
        code: 'signature_mismatch',
      },
      {
        name: 'an item without signature',
        change: withText(adyenBody.replace(/"hmacSignature":"[^"]+"/, '"x":1')),
        code: 'signature_missing',
      },
      { name: 'an empty batch', change: withText('{"notificationItems":[]}'), code: 'signature_missing' },
      {
        name: 'a field that is an object',
        change: withText(adyenBody.replace('"AUTHORISATION"', '{"a":1}')),
        code: 'signed_text_unavailable',
      },
      {
        name: 'the key of another account',
        given: { secrets: { secret: 'ab'.repeat(32) } },
        code: 'signature_mismatch',
      },
    ],
  },
  {
    name: 'contentful: a canonical request with headers that the sender lists',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'x-contentful-signature' },
      signed: '{method}\n{url_text}\n{header_list}\n{body}',
      texts: {
        url_text: '$encodeUrl(path & ($contains(url, "?") ? "?" & $encodeUrlComponent($queryString(url))))',
        header_list:
          '($names := $sort($split($lowercase(headers.`x-contentful-signed-headers`), ",")); $assert("x-contentful-timestamp" in $names and "x-contentful-signed-headers" in $names, "unsigned"); $join($names.($ & ":" & $trim($lookup($$.headers, $))), ";"))',
      },
      timestamp: { header: 'x-contentful-timestamp', unit: 'ms' },
      tolerance: '30s',
    },
    given: { secrets },
    request: {
      url: 'https://hooks.example.com/hooks/cf?a=1&b=2',
      headers: { ...contentfulHeaders, 'x-contentful-signature': hmac('sha256', secret, contentfulText) },
      body: '{"sys":{}}',
    },
    refused: [
      {
        name: 'a changed topic',
        change: (one) => withHeaders(one, { 'x-contentful-topic': 'x' }),
        code: 'signature_mismatch',
      },
      {
        name: 'a list without its timestamp',
        change: (one) => withHeaders(one, { 'x-contentful-signed-headers': 'x-contentful-signed-headers' }),
        code: 'expression_failed',
      },
      { name: 'another query', change: withUrl((url) => `${url}&c=3`), code: 'signature_mismatch' },
      {
        name: 'a listed header sent twice',
        change: (one) => withHeaders(one, { 'x-contentful-topic': ['a', 'b'] }),
        code: 'signature_mismatch',
      },
    ],
  },
  {
    name: 'sinch voice: method, MD5 of the body, content type, path, with the key named beside the signature',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      key: { encoding: 'base64' },
      signature: {
        header: 'authorization',
        prefix: 'application ',
        format: '{key_id}:{signature}',
        encoding: 'base64',
      },
      signed: '{method}\n{md5}\n{header:content-type?}\nx-timestamp:{header:x-timestamp}\n{path}',
      texts: { md5: 'raw = "" ? "" : $md5(raw, "base64")' },
      timestamp: { header: 'x-timestamp', unit: 'iso8601' },
      require: ['parts.key_id = options.application_key'],
    },
    given: { secrets: { secret: Buffer.from(secret).toString('base64') }, options: { application_key: 'app-1' } },
    request: {
      url: 'https://hooks.example.com/sinch/ice?x=1',
      headers: {
        'content-type': 'application/json',
        'x-timestamp': '2026-03-02T10:00:00Z',
        authorization: `application app-1:${hmac(
          'sha256',
          secret,
          `POST\n${digest('md5', '{"event":"ice"}').toString('base64')}\napplication/json\nx-timestamp:2026-03-02T10:00:00Z\n/sinch/ice`,
          'base64',
        )}`,
      },
      body: '{"event":"ice"}',
    },
    refused: [
      { name: 'a changed body', change: withText('{"event":"dice"}'), code: 'signature_mismatch' },
      { name: 'a body taken out', change: withText(''), code: 'signature_mismatch' },
      {
        name: 'the key of another application',
        given: { options: { application_key: 'app-2' } },
        code: 'requirement_unmet',
      },
      { name: 'an option that is not set', given: { options: {} }, code: 'requirement_unmet' },
    ],
  },
  {
    name: 'messagebird: the sorted query and the raw digest of the body',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'messagebird-signature', encoding: 'base64' },
      signed: '{timestamp}\n{sorted}\n{body|sha256}',
      texts: { sorted: '$join($sort($split($queryString(url), "&")), "&")' },
      timestamp: { header: 'messagebird-request-timestamp', unit: 's' },
      tolerance: '100s',
    },
    given: { secrets },
    request: {
      url: `https://hooks.example.com/mb?${messagebirdQuery}`,
      headers: {
        'messagebird-request-timestamp': NOW_S,
        'messagebird-signature': hmac('sha256', secret, messagebirdText('{}'), 'base64'),
      },
      body: '{}',
    },
    refused: [
      { name: 'a changed body', change: withText('[]'), code: 'signature_mismatch' },
      {
        name: 'a changed parameter',
        change: withUrl((url) => url.replace('reference=x', 'reference=y')),
        code: 'signature_mismatch',
      },
      {
        name: 'a body that is no UTF-8',
        change: (one) => ({ ...one, rawBody: Buffer.from([0xff]) }),
        code: 'signed_text_unavailable',
      },
    ],
  },
  {
    name: 'vonage: all parameters but the signature, then the secret, in MD5',
    verify: {
      scheme: 'digest-md5',
      when: 'options.signature_method = "md5"',
      secret: 'secret',
      signature: { query: 'sig' },
      signed: '{params}{secret}',
      texts: {
        params:
          '$join($sortedPairs($queryString(url))[name != "sig"].("&" & name & "=" & $replace(value, /[&=]/, "_")), "")',
      },
      timestamp: { query: 'timestamp', unit: 's' },
      does_not_cover: ['body'],
    },
    given: { secrets, options: { signature_method: 'md5' } },
    request: {
      method: 'GET',
      url: `https://hooks.example.com/v?msisdn=447700900001&message=a%26b%3Dc&timestamp=${NOW_S}&sig=${digest('md5', vonageText + secret).toString('hex')}`,
    },
    refused: [
      { name: 'another number', change: withUrl((url) => url.replace('900001', '900002')), code: 'signature_mismatch' },
      { name: 'a parameter beside', change: withUrl((url) => `${url}&x=1`), code: 'signature_mismatch' },
      {
        name: 'another method by configuration',
        given: { options: { signature_method: 'sha256' } },
        code: 'scheme_not_applicable',
      },
    ],
  },
  {
    name: 'vonage: the same parameters as the text of an HMAC',
    verify: {
      scheme: 'hmac-sha512',
      secret: 'secret',
      signature: { query: 'sig' },
      signed: '{params}',
      texts: {
        params:
          '$join($sortedPairs($queryString(url))[name != "sig"].("&" & name & "=" & $replace(value, /[&=]/, "_")), "")',
      },
      timestamp: { query: 'timestamp', unit: 's' },
      does_not_cover: ['body'],
    },
    given: { secrets },
    request: {
      method: 'GET',
      url: `https://hooks.example.com/v?msisdn=447700900001&message=a%26b%3Dc&timestamp=${NOW_S}&sig=${hmac('sha512', secret, vonageText).toUpperCase()}`,
    },
    refused: [
      { name: 'another number', change: withUrl((url) => url.replace('900001', '900002')), code: 'signature_mismatch' },
    ],
  },
  {
    name: 'paddle-classic: the sorted form as PHP serialises it, signed with RSA and SHA-1',
    verify: {
      scheme: 'rsa-sha1',
      secret: 'secret',
      signature: { form: 'p_signature', encoding: 'base64' },
      signed: '{fields}',
      texts: { fields: '$phpSerialize($sortedPairs(raw)[name != "p_signature"])' },
      does_not_cover: ['time'],
    },
    given: { secrets: { secret: paddle.publicKey.export({ format: 'pem', type: 'spki' }).toString() }, body: 'form' },
    request: { body: paddleForm.toString() },
    refused: [
      {
        name: 'another total',
        change: withText(paddleForm.toString().replace('10.00', '10.01')),
        code: 'signature_mismatch',
      },
      { name: 'a field beside', change: withText(`${paddleForm.toString()}&a=1`), code: 'signature_mismatch' },
    ],
  },
  {
    name: 'freshbooks: the form in its own order as Python writes JSON',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'x-freshbooks-hmac-sha256', encoding: 'base64' },
      signed: '{json}',
      texts: { json: '$pythonJson($pairs(raw))' },
      does_not_cover: ['time'],
    },
    given: { secrets, body: 'form' },
    request: {
      headers: { 'x-freshbooks-hmac-sha256': hmac('sha256', secret, freshbooksJson, 'base64') },
      body: freshbooksForm,
    },
    refused: [
      {
        name: 'another object',
        change: withText(freshbooksForm.replace('1447322', '1447323')),
        code: 'signature_mismatch',
      },
      { name: 'another order', change: withText('object_id=1447322&name=invoice.create'), code: 'signature_mismatch' },
      {
        name: 'a value that is no UTF-8',
        change: withText(freshbooksForm.replace('%C3%A9', '%E9')),
        code: 'expression_failed',
      },
    ],
  },
  ...([braintreePayload, `${braintreePayload}\n`] as const).map((signed, at): AwkwardCase => ({
    name: `braintree: pairs of key and signature over one field, ${at === 0 ? 'as it came' : 'with a line break added'}`,
    verify: {
      scheme: 'hmac-sha1',
      secret: 'secret',
      key: { digest: 'sha1' },
      signature: { form: 'bt_signature', format: '{key_id}|{signature}', separator: '&' },
      signed: '{form:bt_payload}',
      or_signed: ['{form:bt_payload}\n'],
      does_not_cover: ['time'],
    },
    given: { secrets: { secret: 'private' }, body: 'form' },
    request: { body: braintree(signed) },
    refused: [
      {
        name: 'another payload',
        change: withText(braintree(signed).replace('PG5v', 'PG5w')),
        code: 'signature_mismatch',
      },
      { name: 'a second payload', change: withText(`${braintree(signed)}&bt_payload=x`), code: 'signature_ambiguous' },
      { name: 'another private key', given: { secrets: { secret: 'privat' } }, code: 'signature_mismatch' },
    ],
  })),
  {
    name: 'plivo: the URL with sorted query and form, and a nonce, any of a list of signatures',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'x-plivo-signature-v3', format: '{signature}', encoding: 'base64' },
      signed: '{url_without_query}{params}.{header:x-plivo-signature-v3-nonce}',
      texts: {
        params:
          '($q := $join($sortedPairs($queryString(url)).(name & "=" & value), "&"); $f := $join($sortedPairs(raw).(name & value), ""); method = "GET" or $f = "" ? ($q = "" ? "" : "?" & $q) : "?" & $q & ($q = "" ? "" : ".") & $f)',
      },
      does_not_cover: ['time'],
    },
    given: { secrets, body: 'form' },
    request: {
      url: plivoUrl,
      headers: {
        'x-plivo-signature-v3-nonce': 'n1',
        'x-plivo-signature-v3': `AAAA,${hmac('sha256', secret, 'https://hooks.example.com/plivo?a=\u00e9&b=2.From1+1TextxTo447.n1', 'base64')}`,
      },
      body: plivoForm,
    },
    refused: [
      { name: 'another number', change: withText(plivoForm.replace('447', '448')), code: 'signature_mismatch' },
      {
        name: 'another nonce',
        change: (one) => withHeaders(one, { 'x-plivo-signature-v3-nonce': 'n2' }),
        code: 'signature_mismatch',
      },
      { name: 'another path', change: withUrl((url) => url.replace('plivo', 'plivoo')), code: 'signature_mismatch' },
    ],
  },
  {
    name: 'persona: complete sets, each signature with its own time',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'persona-signature', format: 't={timestamp},v1={signature}', group_separator: ' ' },
      signed: '{timestamp}.{body}',
      timestamp: { part: 'timestamp', unit: 's' },
    },
    given: { secrets },
    request: {
      headers: {
        'persona-signature': `t=1772445500,v1=${'0'.repeat(64)} t=${NOW_S},v1=${hmac('sha256', secret, `${NOW_S}.${samplePersona}`)}`,
      },
      body: samplePersona,
    },
    refused: [
      { name: 'a changed body', change: withText('{}'), code: 'signature_mismatch' },
      {
        name: 'the time of one set with the signature of another',
        change: (one) =>
          withHeaders(one, {
            'persona-signature': `t=1772445500,v1=${hmac('sha256', secret, `${NOW_S}.${samplePersona}`)} t=${NOW_S},v1=${'0'.repeat(64)}`,
          }),
        code: 'signature_mismatch',
      },
      { name: 'an old set', given: { now: 1_772_449_200_000 }, code: 'signature_mismatch' },
      {
        name: 'a set that is none',
        change: (one) => withHeaders(one, { 'persona-signature': 'x y' }),
        code: 'signature_malformed',
      },
    ],
  },
  ...(['primary', 'secondary', 'escaped'] as const).map((which): AwkwardCase => {
    const alternative = (name: string, key: string): AwkwardCase['verify'] & object => ({
      name,
      ...(name === 'primary' ? {} : { equal_to: 'primary' }),
      scheme: 'hmac-sha256',
      secret: key,
      signature: { header: `box-signature-${name}`, encoding: 'base64' },
      signed: '{body}{header:box-delivery-timestamp}',
      or_signed: ['{ascii}{header:box-delivery-timestamp}'],
      texts: { ascii: '$escapeUnicode(raw)' },
      timestamp: { header: 'box-delivery-timestamp', unit: 'iso8601' },
      tolerance: '10m',
      require: ['headers.`box-signature-version` = "1"', 'headers.`box-signature-algorithm` = "HmacSHA256"'],
    })
    const time = '2026-03-02T02:00:00-08:00'
    const text = which === 'escaped' ? '{"name":"caf\\u00e9"}' : boxBody
    const right = hmac('sha256', which === 'secondary' ? 'second' : 'first', text + time, 'base64')
    const wrong = hmac('sha256', 'stale', text + time, 'base64')
    return {
      name: `box: two keys, each with its own header, the ${which} right`,
      verify: [alternative('primary', 'one'), alternative('secondary', 'two')] as AwkwardCase['verify'],
      given: { secrets: { one: 'first', two: 'second' } },
      request: {
        headers: {
          'box-signature-version': '1',
          'box-signature-algorithm': 'HmacSHA256',
          'box-delivery-timestamp': time,
          'box-signature-primary': which === 'secondary' ? wrong : right,
          'box-signature-secondary': which === 'secondary' ? right : wrong,
        },
        body: boxBody,
      },
      refused: [
        {
          name: 'the signatures in each other’s headers',
          change: (one) =>
            withHeaders(one, {
              'box-signature-primary': which === 'secondary' ? right : wrong,
              'box-signature-secondary': which === 'secondary' ? wrong : right,
            }),
          code: 'signature_mismatch',
        },
        {
          name: 'another algorithm',
          change: (one) => withHeaders(one, { 'box-signature-algorithm': 'none' }),
          code: which === 'secondary' ? 'signature_mismatch' : 'requirement_unmet',
        },
        { name: 'a changed body', change: withText('{}'), code: 'signature_mismatch' },
      ],
    }
  }),
  {
    name: 'nylas: the compressed bytes',
    verify: { scheme: 'hmac-sha256', secret: 'secret', signature: header, signed: '{body}', does_not_cover: ['time'] },
    given: { secrets, body: { gzip: 'json' } },
    request: {
      headers: { 'x-signature': hmac('sha256', secret, gzipSync('{"type":"message.created"}')) },
      body: gzipSync('{"type":"message.created"}'),
    },
    refused: [
      {
        name: 'the same JSON uncompressed',
        change: withText('{"type":"message.created"}'),
        code: 'signature_mismatch',
      },
    ],
  },
  {
    name: 'mailgun: fields of the body that do not cover it',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { body: 'body.signature.signature' },
      signed: '{body:signature.timestamp}{body:signature.token}',
      timestamp: { body: 'body.signature.timestamp', unit: 's' },
      does_not_cover: ['body'],
    },
    given: { secrets },
    request: {
      body: JSON.stringify({
        signature: { timestamp: NOW_S, token: 'tok', signature: hmac('sha256', secret, `${NOW_S}tok`) },
        'event-data': { event: 'opened' },
      }),
    },
    refused: [
      {
        name: 'another token',
        change: (one) => ({
          ...one,
          rawBody: Buffer.from(Buffer.from(one.rawBody).toString().replace('"tok"', '"tik"')),
        }),
        code: 'signature_mismatch',
      },
    ],
  },
  {
    name: 'mailgun: the same in a multipart form',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { form: 'signature' },
      signed: '{form:timestamp}{form:token}',
      timestamp: { form: 'timestamp', unit: 's' },
      does_not_cover: ['body'],
    },
    given: { secrets, body: 'multipart' },
    request: {
      body: [
        ...Object.entries({ timestamp: NOW_S, token: 'tok', signature: hmac('sha256', secret, `${NOW_S}tok`) }).flatMap(
          ([name, value]) => ['--b0', `Content-Disposition: form-data; name="${name}"`, '', value],
        ),
        '--b0--',
        '',
      ].join('\r\n'),
    },
    refused: [{ name: 'an empty body', change: withText(''), code: 'signature_missing' }],
  },
  {
    name: 'deel: a literal before the body',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: header,
      signed: 'POST{body}',
      does_not_cover: ['time'],
    },
    given: { secrets },
    request: { headers: { 'x-signature': hmac('sha256', secret, 'POST{}') }, body: '{}' },
    refused: [
      {
        name: 'the signature of the body alone',
        change: (one) => withHeaders(one, { 'x-signature': hmac('sha256', secret, '{}') }),
        code: 'signature_mismatch',
      },
    ],
  },
  {
    name: 'segment: a batch whose first item is signed as written anew',
    verify: {
      scheme: 'hmac-sha1',
      secret: 'secret',
      signature: header,
      signed: '{body}',
      or_signed: ['{first}'],
      texts: { first: '$type(body) = "array" ? $string(body[0]) : raw' },
      does_not_cover: ['time'],
    },
    given: { secrets },
    request: { headers: { 'x-signature': hmac('sha1', secret, '{"type":"track"}') }, body: '[ {"type": "track"} ]' },
    refused: [{ name: 'another item', change: withText('[{"type":"page"}]'), code: 'signature_mismatch' }],
  },
  {
    name: 'toast: the body and one of its own fields',
    verify: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'toast-signature', encoding: 'base64' },
      signed: '{body}{body:timestamp}',
      timestamp: { body: 'body.timestamp', unit: 'iso8601' },
    },
    given: { secrets },
    request: {
      headers: {
        'toast-signature': hmac(
          'sha256',
          secret,
          '{"timestamp":"2026-03-02T10:00:00.000Z"}2026-03-02T10:00:00.000Z',
          'base64',
        ),
      },
      body: '{"timestamp":"2026-03-02T10:00:00.000Z"}',
    },
    refused: [
      {
        name: 'a changed body',
        change: withText('{"timestamp":"2026-03-02T10:00:01.000Z"}'),
        code: 'signature_mismatch',
      },
    ],
  },
  {
    name: 'twilio: a URL whose query was escaped in another way',
    verify: {
      scheme: 'hmac-sha1',
      secret: 'secret',
      signature: { header: 'x-twilio-signature', encoding: 'base64' },
      signed: '{url}{sorted_form}',
      url: { port: 'either', also: ['normalized', 'requoted'] },
      does_not_cover: ['time', 'form_structure'],
    },
    given: { secrets, body: 'form' },
    request: {
      url: "https://hooks.example.com/t?name=o'x%20y",
      headers: {
        'x-twilio-signature': hmac('sha1', secret, "https://hooks.example.com:443/t?name=o'x%20yA1", 'base64'),
      },
      body: 'A=1',
    },
    refused: [
      { name: 'another name', change: withUrl((url) => url.replace('x%20', 'z%20')), code: 'signature_mismatch' },
    ],
  },
])
