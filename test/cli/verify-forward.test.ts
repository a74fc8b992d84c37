import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { verifyForward } from '../../src/cli/verify-forward.ts'
import { Secret } from '../../src/domain/secret.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const BODY = '{"from":"github","id":12345678901234567890}'
const NOW = Date.parse('2026-03-02T10:00:00Z')

/** Signed by others than the code under test: the official package and plain HMAC. */
function signed(changes: Record<string, string | undefined> = {}): Record<string, string | undefined> {
  const at = new Date(NOW)
  return {
    'webhook-id': 'dlv_1',
    'webhook-timestamp': String(NOW / 1_000),
    'webhook-signature': new Webhook(SECRET).sign('dlv_1', at, BODY),
    'x-nango-hmac-sha256': createHmac('sha256', SECRET).update(BODY).digest('hex'),
    ...changes,
  }
}

const cases = [
  { name: 'accepts what the official packages sign', headers: signed(), expected: ['verified', 'verified'] },
  {
    name: 'accepts one good signature among several',
    headers: signed({ 'webhook-signature': `v1,AAAA ${signed()['webhook-signature']}` }),
    expected: ['verified', 'verified'],
  },
  { name: 'refuses a changed body', headers: signed(), body: `${BODY} `, expected: ['mismatch', 'mismatch'] },
  { name: 'refuses another id', headers: signed({ 'webhook-id': 'dlv_2' }), expected: ['mismatch', 'verified'] },
  { name: 'refuses another secret', headers: signed(), secrets: [OTHER], expected: ['mismatch', 'mismatch'] },
  {
    name: 'accepts while two secrets are live',
    headers: signed(),
    secrets: [OTHER, SECRET],
    expected: ['verified', 'verified'],
  },
  { name: 'calls an old one stale', headers: signed(), now: NOW + 301_000, expected: ['stale', 'verified'] },
  { name: 'misses what is not there', headers: {}, expected: ['missing', 'missing'] },
  {
    name: 'misses a timestamp that is none',
    headers: signed({ 'webhook-timestamp': 'soon' }),
    expected: ['missing', 'verified'],
  },
  {
    name: 'refuses a short signature',
    headers: signed({ 'x-nango-hmac-sha256': 'ab' }),
    expected: ['verified', 'mismatch'],
  },
  { name: 'verifies nothing without a secret', headers: signed(), secrets: [], expected: ['mismatch', 'mismatch'] },
]
for (const { name, headers, body, secrets, now, expected } of cases) {
  test(name, () => {
    const check = verifyForward({
      headers,
      body: Buffer.from(body ?? BODY),
      secrets: (secrets ?? [SECRET]).map((text) => new Secret(text)),
      now: now ?? NOW,
    })
    expect([check.standard, check.hmac]).toEqual(expected)
  })
}
