import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { ADDED_FUNCTIONS, JSONATA_FUNCTIONS, REFUSED_FUNCTIONS } from '../../../src/expression/functions/catalog.ts'
import { evaluate, valueOf } from '../scope.ts'

interface Case {
  readonly source: string
  readonly value: unknown
  readonly body?: unknown
}

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const FOX = 'The quick brown fox jumps over the lazy dog'

/** Published vectors where there are any: RFC 2202, RFC 4231, RFC 4648, FIPS 180, the check value of CRC-32. */
const cases: readonly Case[] = [
  { source: '$hmac("md5", "Jefe", "what do ya want for nothing?")', value: '750c783e6ab0b503eaa86e310a5db738' },
  {
    source: '$hmac("sha1", "Jefe", "what do ya want for nothing?")',
    value: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
  },
  {
    source: '$hmac("sha256", "Jefe", "what do ya want for nothing?")',
    value: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    source: '$hmac("sha384", "Jefe", "what do ya want for nothing?")',
    value: 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
  },
  { source: `$hmac("sha256", "key", "${FOX}", "base64")`, value: '97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=' },
  { source: `$hmac("sha256", "key", "${FOX}", "base64url")`, value: '97yD9DBThCSxMpjmqm-xQ-9NWaFJRhdZl0edvC0aPNg' },
  { source: '$hmac("sha256", "k", ["a", "b"]) = $hmac("sha256", "k", "ab")', value: true },
  { source: '$hmac("sha256", "k", body.missing)', value: undefined },
  {
    source: '$hmac("sha1", ["sha1", "integration_private_key"], "20f9f8ed05f77439fe955c977e4c8a53")',
    value: 'd9b899556c966b3f06945ec21311865d35df3ce4',
  },
  { source: '$hmac("sha256", ["sha512", "a", "b"], "x") = $hmac("sha256", ["sha512", "ab"], "x")', value: true },
  { source: '$hmac("sha256", ["sha256", "a"], "x") = $hmac("sha256", ["sha512", "a"], "x")', value: false },
  { source: '$hmac("sha256", ["sha256", "a"], body.missing)', value: undefined },
  { source: '$md5("")', value: 'd41d8cd98f00b204e9800998ecf8427e' },
  { source: '$sha1("abc")', value: 'a9993e364706816aba3e25717850c26c9cd0d89d' },
  { source: '$sha256("")', value: EMPTY_SHA256 },
  { source: '$sha256("", "hex_upper")', value: EMPTY_SHA256.toUpperCase() },
  { source: '$sha256("", "base64")', value: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' },
  { source: '$substring($sha512("abc"), 0, 16)', value: 'ddaf35a193617aba' },
  { source: '$digest("sha256", ["a", "b", "c"]) = $sha256("abc")', value: true },
  { source: '$digest("sha1", body.missing)', value: undefined },
  { source: '$base64encode("f\u00fb\u{1f600}")', value: 'ZsO78J+YgA==' },
  { source: '$base64urlencode("f\u00fb\u{1f600}?>")', value: 'ZsO78J-YgD8-' },
  { source: '$base64decode("Zm9vYg==")', value: 'foob' },
  { source: '$base64decode("Zm9vYg")', value: 'foob' },
  { source: '$base64decode("8J+YgD8+") & $base64decode("8J-YgD8-")', value: '\u{1f600}?>\u{1f600}?>' },
  { source: '$base64decode("")', value: '' },
  { source: '$base64decode("Zm9vYg=")', value: undefined },
  { source: '$base64decode("Zm9vYh==")', value: undefined },
  { source: '$base64decode("Zm9v\\nYg==")', value: undefined },
  { source: '$base64decode("Z")', value: undefined },
  { source: '$base64decode("+_aa")', value: undefined },
  { source: '$base64decode("/w==")', value: undefined },
  { source: '$base64decode(body.t) ?? "plain"', body: { t: '***' }, value: 'plain' },
  { source: '$hexencode("f\u00fb")', value: '66c3bb' },
  { source: '$hexdecode("66C3bb")', value: 'f\u00fb' },
  { source: '[$hexdecode("6"), $hexdecode("6g"), $hexdecode("ff")]', value: [] },
  { source: '$json("{\\"id\\":12345678901234567890,\\"a\\":[1]}")', value: { id: '12345678901234567890', a: [1] } },
  { source: '$json(body.payload).user.id', body: { payload: '{"user":{"id":"U1"}}' }, value: 'U1' },
  { source: '$json("{") ?? "none"', value: 'none' },
  { source: '$origin("HTTPS://Shop.Example.com:443/a")', value: 'https://shop.example.com' },
  { source: '$origin("http://h:8080/")', value: 'http://h:8080' },
  { source: '[$origin("/a"), $origin("mailto:a@b"), $origin("javascript:alert(1)"), $host("x")]', value: [] },
  { source: '$host("https://user:pw@Shop.Example.com:8443/")', value: 'shop.example.com:8443' },
  { source: '$pathname("https://h/a/b%20c?d#e") & $pathname("/x?y")', value: '/a/b%20c/x' },
  { source: '$pathname("//h/a")', value: undefined },
  { source: '$segments("https://api.example/v3//stores/a%20b/")', value: ['v3', 'stores', 'a b'] },
  { source: '$segments("https://api.example/v3/stores/17")[-1]', value: '17' },
  { source: '$segments("/%ff")', value: undefined },
  { source: '$query("https://h/?a=1&b=2&a=3", "a")', value: ['1', '3'] },
  { source: '$query("/p?shop=a%26b+c#x?shop=z", "shop")', value: 'a&b c' },
  { source: '$query("https://h/", "a")', value: undefined },
  { source: '$form("a=1&b=x+y%21&a=2&__proto__=z")', value: JSON.parse('{"a":["1","2"],"b":"x y!","__proto__":"z"}') },
  { source: '$urlencode("a b/c!\'()*\u00e9")', value: 'a%20b%2Fc%21%27%28%29%2A%C3%A9' },
  { source: '$urldecode("a%20b+c")', value: 'a b+c' },
  { source: '[$urldecode("%ff"), $urldecode("%"), $urlencode("\\ud800")]', value: [] },
  { source: '$crc32("123456789")', value: 0xcbf43926 },
  { source: '"id|" & $crc32("\u00e9")', value: 'id|235179326' },
  { source: '$coalesce(body.a, body.b, body.c, "d")', body: { b: null, c: '' }, value: '' },
  { source: '$coalesce(body.a, null)', value: undefined },
  { source: '$time(1614265330, "s")', value: 1614265330000 },
  { source: '$time("1614265330.5", "s")', value: 1614265330500 },
  { source: '$time("1614265330000", "ms")', value: 1614265330000 },
  { source: '$time("2021-02-25T15:02:10Z", "iso8601")', value: 1614265330000 },
  { source: '$time("2021-02-25 16:02:10.123456+0100", "iso8601")', value: 1614265330123 },
  { source: '$time("2021-02-25T15:02:10", "iso8601")', value: 1614265330000 },
  { source: '$time("Thu, 25 Feb 2021 15:02:10 GMT", "http_date")', value: 1614265330000 },
  {
    source:
      '[$time("2021-02-30T00:00:00Z", "iso8601"), $time("2021-02-25", "iso8601"), $time("2021-02-25T25:00:00Z", "iso8601")]',
    value: [],
  },
  {
    source:
      '[$time("Fri, 25 Feb 2021 15:02:10 GMT", "http_date"), $time("1614265330000", "s"), $time("", "ms"), $time(-1, "s")]',
    value: [],
  },
]

describe('computes', () => {
  for (const { source, body, value } of cases) {
    test(source, async () => {
      expect(await valueOf(source, body)).toEqual(value)
      // The same inside the full language.
      expect(await valueOf(`($x := 1; ${source})`, body)).toEqual(value)
    })
  }
})

const refusals: readonly string[] = [
  '$hmac("sha256", "", "x")',
  '$hmac("sha256", body.missing, "x")',
  '$hmac("sha256", 1, "x")',
  '$hmac("sha256", [], "x")',
  '$hmac("sha256", ["sha256"], "x")',
  '$hmac("sha256", ["sha256", ""], "x")',
  '$hmac("sha256", ["sha256", body.missing], "x")',
  '$hmac("sha256", ["sha3", "a"], "x")',
  '$hmac("sha256", ["a", "b"], "x")',
  '$hmac("sha256", ["sha256", 1], "x")',
  '$hmac("sha256", ["sha256", ["a"]], "x")',
  '$hmac("sha256", "k", 1)',
  '$hmac(body.algorithm, "k", "x")',
  '$sha256(1)',
  '$sha256(["a", 1])',
  '$sha256({"a": 1})',
  '$base64decode(1)',
  '$json({"a": 1})',
  '$host(null)',
  '$query("/", body.missing)',
  '$crc32(true)',
  '$time({"a": 1}, "s")',
]

describe('fails rather than guesses', () => {
  for (const source of refusals) {
    test(source, async () => {
      expect(await evaluate(source, { algorithm: 'none' })).toMatchObject({ ok: false, reason: 'failed' })
    })
  }
})

describe('bounds what it takes', () => {
  const long = 'a'.repeat(9_000_000)
  for (const source of [
    '$sha256(body.long)',
    '$hmac("md5", "k", body.long)',
    '$base64encode(body.long)',
    '$json(body.long)',
    '$crc32(body.long)',
    '$host(body.long)',
    '$urldecode(body.long)',
    '$query(body.long, "a")',
  ]) {
    test(source, async () => {
      expect(await evaluate(source, { long })).toMatchObject({ ok: false, reason: 'bound_exceeded' })
    })
  }
})

test('knows exactly the functions that JSONata has, or refuses them', () => {
  const text = readFileSync(createRequire(import.meta.url).resolve('jsonata'), 'utf8')
  const own = [...text.matchAll(/(?:staticFrame|environment)\.bind\('(\w+)'/g)].map((match) => match[1]!)
  expect(own.length).toBeGreaterThan(60)
  expect([...JSONATA_FUNCTIONS.keys(), ...Object.keys(REFUSED_FUNCTIONS)].toSorted()).toEqual(own.toSorted())
})

test('knows which functions of JSONata take the context', () => {
  const text = readFileSync(createRequire(import.meta.url).resolve('jsonata'), 'utf8')
  for (const [, name, signature] of text.matchAll(
    /staticFrame\.bind\('(\w+)', defineFunction\([\w.]+, '<([^']*)>'\)\)/g,
  )) {
    const parameters =
      signature!
        .replace(/<[^>]*>/g, '')
        .replace(/:.*$/, '')
        .match(/(?:\([a-z]+\)|[a-z])[-?+]*/g) ?? []
    const required = parameters.filter((parameter) => !parameter.includes('?')).length
    const expected = parameters[0]?.includes('-') === true ? required : 0
    if (Object.hasOwn(REFUSED_FUNCTIONS, name!) || name === 'sift') continue // $sift(f) takes it although f is optional
    expect(JSONATA_FUNCTIONS.get(name!), name).toEqual({ contextBelow: expected })
  }
})

test('describes every added function', () => {
  for (const added of ADDED_FUNCTIONS.values()) {
    expect(added.summary, added.name).toMatch(/^[A-Z].*\.$/)
    expect(added.parameters.length).toBeGreaterThan(0)
  }
})
