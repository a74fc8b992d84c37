import { expect, test } from 'vitest'
import { compileSignedUrl } from '../../src/verify/signed-url.ts'

const url = 'https://a.example/x?u=http%3A%2F%2Fb%2fc%20d%253A'

test('the URL is signed as it is without a clause', () => {
  expect(compileSignedUrl(undefined)(url)).toEqual([url])
})

test('decodes the escapes of the named characters only, of either case, and once', () => {
  expect(compileSignedUrl({ unescape: ':/' })(url)).toEqual(['https://a.example/x?u=http://b/c%20d%253A'])
})

test('takes characters of a regular expression literally', () => {
  expect(compileSignedUrl({ unescape: "?@!$'()*,;" })('/%3F%40%21%24%27%28%29%2A%2C%3B%2B')).toEqual(["/?@!$'()*,;%2B"])
})

test('decodes characters beyond ASCII', () => {
  expect(compileSignedUrl({ unescape: '€' })('/%E2%82%AC')).toEqual(['/€'])
})

const ports = [
  { url: 'https://a.example/x', other: 'https://a.example:443/x' },
  { url: 'http://a.example', other: 'http://a.example:80' },
  { url: 'https://a.example:443/x?y', other: 'https://a.example/x?y' },
  { url: 'https://a.example:8443/x', other: 'https://a.example/x' },
  { url: 'https://[::1]/x', other: 'https://[::1]:443/x' },
  { url: 'https://a.example?x=http://b:80/', other: 'https://a.example:443?x=http://b:80/' },
]
for (const { url, other } of ports) {
  test(`tries ${url} and ${other}`, () => expect(compileSignedUrl({ port: 'either' })(url)).toEqual([url, other]))
}

test('what is no web URL is tried as it is', () => {
  expect(compileSignedUrl({ port: 'either' })('/only/a/path')).toEqual(['/only/a/path'])
})
