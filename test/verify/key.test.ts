import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { KeyRecipe } from '../../src/domain/provider-spec.gen.ts'
import { Secret } from '../../src/domain/secret.ts'
import { createKeyReader, keyBytes } from '../../src/verify/key.ts'

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

const recipes: { name: string; secret: string; recipe: KeyRecipe; hex: string | undefined }[] = [
  { name: 'the text itself by default', secret: 'abc', recipe: {}, hex: '616263' },
  { name: 'white space belongs to the secret', secret: 'abc\n', recipe: {}, hex: '6162630a' },
  { name: 'hex', secret: 'C0ffee', recipe: { encoding: 'hex' }, hex: 'c0ffee' },
  {
    name: 'base64 after a prefix',
    secret: 'whsec_+/8=',
    recipe: { strip_prefix: 'whsec_', encoding: 'base64' },
    hex: 'fbff',
  },
  {
    name: 'base64 without the prefix that may be there',
    secret: '+/8=',
    recipe: { strip_prefix: 'whsec_', encoding: 'base64' },
    hex: 'fbff',
  },
  { name: 'a suffix', secret: 'abc', recipe: { suffix: '&' }, hex: '61626326' },
  { name: 'a normal form', secret: 'ﬁ', recipe: { normalize: 'NFKD' }, hex: '6669' },
  { name: 'a digest of the secret', secret: 'abc', recipe: { digest: 'sha1' }, hex: sha1('abc') },
  {
    name: 'a digest of what the secret decodes to',
    secret: '616263',
    recipe: { encoding: 'hex', digest: 'sha1' },
    hex: sha1('abc'),
  },
  {
    name: 'no key: base64 with a newline at the end',
    secret: '+/8=\n',
    recipe: { encoding: 'base64' },
    hex: undefined,
  },
  { name: 'no key: text where hex is due', secret: 'secret', recipe: { encoding: 'hex' }, hex: undefined },
  { name: 'no key: an empty secret', secret: '', recipe: {}, hex: undefined },
  { name: 'no key: an empty secret, whatever is added', secret: '', recipe: { suffix: '&' }, hex: undefined },
  {
    name: 'no key: nothing but the prefix',
    secret: 'whsec_',
    recipe: { strip_prefix: 'whsec_', digest: 'sha256' },
    hex: undefined,
  },
]
for (const { name, secret, recipe, hex } of recipes) {
  test(name, () => expect(keyBytes(secret, recipe)?.toString('hex')).toBe(hex))
}

test('a secret is read once, also when it is no key', () => {
  let readings = 0
  const read = createKeyReader('signing_secret', (text) => {
    readings += 1
    return text === 'good' ? Buffer.from(text) : undefined
  })
  const [good, bad] = [new Secret('good'), new Secret('bad')]
  for (let at = 0; at < 3; at += 1) {
    expect(read(good).key).toBeDefined()
    expect(read(bad).key).toBeUndefined()
  }
  expect(readings).toBe(2)
  expect(read(good).identity).toEqual({ name: 'signing_secret', fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) })
})
