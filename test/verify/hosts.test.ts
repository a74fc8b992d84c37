import { describe, expect, test } from 'vitest'
import { compileUrlRule } from '../../src/verify/hosts.ts'

const rule = compileUrlRule({
  hosts: ['api.example.com', 'keys.*.example.com', '{option:own_host}'],
  path: '/certs/*.pem',
})
const options = { own_host: 'Keys.acme.internal' }

describe('allows', () => {
  for (const url of [
    'https://api.example.com/certs/a.pem',
    'https://API.example.com:443/certs/a.pem',
    'https://keys.eu-west-1.example.com/certs/a-b_c.pem',
    'https://keys.acme.internal/certs/a.pem',
    'https://api.example.com/certs/a.pem?v=1',
  ]) {
    test(url, () => expect(rule(url, options)).toBe(new URL(url).href))
  }
  test('a URL without its fragment', () => {
    expect(rule('https://api.example.com/certs/a.pem#x', options)).toBe('https://api.example.com/certs/a.pem')
  })
})

describe('does not allow', () => {
  for (const url of [
    'http://api.example.com/certs/a.pem',
    'https://api.example.com:8443/certs/a.pem',
    'https://user@api.example.com/certs/a.pem',
    'https://user:pw@api.example.com/certs/a.pem',
    'https://api.example.com.evil.example/certs/a.pem',
    'https://evil.example/api.example.com/certs/a.pem',
    'https://api.example.com\\@evil.example/certs/a.pem',
    'https://apiXexample.com/certs/a.pem',
    'https://keys.example.com/certs/a.pem',
    'https://keys.a.b.example.com/certs/a.pem',
    'https://keys..example.com/certs/a.pem',
    'https://other.internal/certs/a.pem',
    'https://api.example.com/certs/../secret/a.pem',
    'https://api.example.com/certs/a/b.pem',
    'https://api.example.com/certs/a.pem/x',
    'https://api.example.com/certs/a.txt',
    'https://[::1]/certs/a.pem',
    'https://127.0.0.1/certs/a.pem',
    'file:///certs/a.pem',
    'certs/a.pem',
    '',
    `https://api.example.com/certs/${'a'.repeat(3_000)}.pem`,
  ]) {
    test(url.slice(0, 80), () => expect(rule(url, options)).toBeUndefined())
  }
  test('the host of an option that is not set', () => {
    expect(rule('https://keys.acme.internal/certs/a.pem', {})).toBeUndefined()
    expect(rule('https://undefined/certs/a.pem', {})).toBeUndefined()
  })
})
