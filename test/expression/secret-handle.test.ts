import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { SecretHandle } from '../../src/expression/secret-handle.ts'
import { evaluate, valueOf } from './scope.ts'

const TEXT = 'whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH'
const secrets = (name: string): readonly Secret[] => (name === 'token' ? [new Secret(TEXT), new Secret('older')] : [])

describe('a secret can be digested', () => {
  const uses: readonly { readonly source: string; readonly same: string }[] = [
    { source: "$hmac('sha256', $secret('token'), body.a)", same: `$hmac('sha256', '${TEXT}', body.a)` },
    { source: "$hmac('sha256', 'k', $secret('token'))", same: `$hmac('sha256', 'k', '${TEXT}')` },
    {
      source: "$hmac('sha1', ['sha1', $secret('token')], body.a)",
      same: `$hmac('sha1', ['sha1', '${TEXT}'], body.a)`,
    },
    { source: "$sha256([body.a, $secret('token'), 'x'])", same: `$sha256(body.a & '${TEXT}' & 'x')` },
    { source: "$md5($secret('token'))", same: `$md5('${TEXT}')` },
    { source: "$secret('token').$sha1($)", same: `$sha1('${TEXT}')` },
    {
      source: "($s := $secret('token'); $hmac('sha1', $s, body.a, 'base64'))",
      same: `$hmac('sha1', '${TEXT}', body.a, 'base64')`,
    },
    {
      source: '{"plain": body.a, "encrypted": $hmac(\'sha256\', $secret(\'token\'), body.a)}.encrypted',
      same: `$hmac('sha256', '${TEXT}', body.a)`,
    },
  ]
  for (const { source, same } of uses) {
    test(source, async () => {
      expect(await valueOf(source, { a: 'b' }, { secrets })).toBe(await valueOf(same, { a: 'b' }))
    })
  }
})

/** Whatever these come to, the text must not be in it. */
const attempts: readonly string[] = [
  "$secret('token')",
  "[$secret('token')]",
  "{'a': {'b': $secret('token')}}",
  "$secret('token') & ''",
  "$string($secret('token'))",
  "$string({'a': $secret('token')}, true)",
  "$join([$secret('token')])",
  "$uppercase($secret('token'))",
  "$length($string($secret('token')))",
  "$substring($secret('token'), 0, 3)",
  "$base64encode($secret('token'))",
  "$urlencode($secret('token'))",
  "$json($secret('token'))",
  "$coalesce($secret('token'))",
  "$number($secret('token'))",
  "$keys($secret('token'))",
  "$spread($secret('token'))",
  "$each($secret('token'), function($v) { $v })",
  "$merge([$secret('token')])",
  "$lookup($secret('token'), 'reveal')",
  "$secret('token').*",
  "$secret('token').**",
  "$secret('token').reveal",
  "$clone($secret('token'))",
  "$secret('token') ~> |$|{'x': 1}|",
  "$error($secret('token'))",
  "$error($string($secret('token')))",
  "$assert(false, $secret('token'))",
  "$secret('token') < 'x'",
  "$secret('token') + 1",
  "$map($secret('token'), function($x) { $x })",
  "$sort([$secret('token'), $secret('token')])",
  "$distinct([$secret('token'), 'a'])",
  "$type($secret('token'))",
  "$contains($secret('token'), 'a')",
  "$match($secret('token'), /./)",
  "$hmac($secret('token'), 'k', 'x')",
  "$hmac('sha256', [$secret('token'), 'k'], 'x')",
  "$hmac('sha256', ['sha256', [$secret('token')]], 'x')",
  "$digest('sha256', {'a': $secret('token')})",
  "$query($secret('token'), 'a')",
  "($f := function() { $secret('token') }; $f())",
  "body.a[$secret('token')]",
  "body{'a': $secret('token')}",
]

describe('a secret never becomes text', () => {
  for (const source of attempts) {
    test(source, async () => {
      const result = await evaluate(source, { a: ['b'] }, { secrets })
      const shown = JSON.stringify(result) + inspect(result, { depth: 10, showHidden: true })
      expect(shown).not.toContain(TEXT)
      expect(shown).not.toContain(TEXT.slice(0, 8))
      expect(shown).not.toContain('SecretHandle')
    })
  }

  test('nor does its handle', () => {
    const handle = new SecretHandle(new Secret(TEXT))
    expect(`${String(handle)} ${JSON.stringify({ handle })} ${inspect(handle)}`).toBe(
      '[secret] {"handle":"[secret]"} [secret]',
    )
    expect(Reflect.ownKeys(handle)).toEqual([])
  })

  test('not even by equality: two secrets cannot be told apart', async () => {
    const two = (name: string): readonly Secret[] => [new Secret(name)]
    expect(await valueOf("$secret('a') = $secret('b')", {}, { secrets: two })).toBe(true)
    expect(await valueOf("$secret('a') = 'a'", {}, { secrets: two })).toBe(false)
  })
})

test('there is no secret where the caller passes none, or not this one', async () => {
  expect(await evaluate("$sha256($secret('token'))")).toMatchObject({
    ok: false,
    reason: 'failed',
    detail: 'the secret token is not available here',
  })
  expect(await evaluate("$sha256($secret('other'))", {}, { secrets })).toMatchObject({ ok: false, reason: 'failed' })
})
