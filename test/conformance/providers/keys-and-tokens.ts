/** Providers that sign with a private key, and those that send a token. */
import { createHmac } from 'node:crypto'
import type { UserFromGetMe } from 'grammy/types'
import { withHeaders } from '../../verify/verifying.ts'
import type { Change, Genuine } from './changes.ts'
import { type Conformity, headerOf, inSeconds, type Official, type Seen } from './conformity.ts'
import { NO_CLOCK, STRAY_MARK } from './differences.ts'

const SECONDS = 1_000

async function loadDiscord(): Promise<Official> {
  const { verifyKey } = await import('discord-interactions')
  return {
    accepts: (request, { secret }) =>
      verifyKey(
        Buffer.from(request.body),
        headerOf(request, 'x-signature-ed25519'),
        headerOf(request, 'x-signature-timestamp'),
        secret,
      ),
  }
}

async function loadTelegram(): Promise<Official> {
  const { Bot, webhookCallback } = await import('grammy')
  // Told who it is, the bot asks nobody.
  const botInfo = { id: 1, is_bot: true, first_name: 'bot', username: 'bot' } as UserFromGetMe
  return {
    accepts: async ({ url, headers }, { secret: secretToken }) => {
      const handle = webhookCallback(new Bot('1:none', { botInfo }), 'std/http', { secretToken })
      const token = headers['x-telegram-bot-api-secret-token']
      const answer = await handle(
        new Request(url, {
          method: 'POST',
          headers: token === undefined ? {} : { 'x-telegram-bot-api-secret-token': token },
          // The token is judged before the update, so one update serves for all.
          body: '{"update_id":1}',
        }),
      )
      return answer.status !== 401
    },
  }
}

const AUDIENCE = 'https://hooks.example.com/webhook/gmail'
const SERVICE_ACCOUNT = 'push@acme.iam.gserviceaccount.com'

async function loadGoogle(): Promise<Official> {
  const { OAuth2Client } = await import('google-auth-library')
  const client = new OAuth2Client()
  return {
    accepts: async (request, { published }) => {
      const issuers = ['https://accounts.google.com', 'accounts.google.com']
      await client.verifySignedJwtWithCertsAsync(bearerOf(request), published, AUDIENCE, issuers)
      return true
    },
  }
}

async function loadAtlassian(): Promise<Official> {
  const { decodeSymmetric, encodeSymmetric, SymmetricAlgorithm } = await import('atlassian-jwt')
  return {
    sign: (_, { secret }, now) => {
      const iat = Math.floor(now / SECONDS)
      const claims = { iss: 'app', iat, exp: iat + 180 }
      return { headers: { authorization: `Bearer ${encodeSymmetric(claims, secret, SymmetricAlgorithm.HS256)}` } }
    },
    accepts: (request, { secret }) => {
      decodeSymmetric(bearerOf(request), secret, SymmetricAlgorithm.HS256)
      return true
    },
  }
}

function bearerOf(request: Seen): string {
  const token = /^Bearer (\S+)$/.exec(headerOf(request, 'authorization'))?.[1]
  if (token === undefined) throw new Error('there is no bearer token')
  return token
}

interface Token {
  readonly head: Record<string, unknown>
  readonly claims: Record<string, unknown>
}

/** The token, changed, under this HMAC; without any it is unsigned, or has the signature that it had. */
function rewritten(
  name: string,
  change: (token: Token, genuine: Genuine) => Token & { readonly hmac?: readonly [algorithm: string, key: string] },
): Change {
  return {
    name,
    variants: (genuine) => {
      const { request } = genuine
      const [head = '', claims = '', signature = ''] = request.headers
        .get('authorization')!
        .slice('Bearer '.length)
        .split('.')
      const changed = change({ head: decoded(head), claims: decoded(claims) }, genuine)
      const text = `${encoded(changed.head)}.${encoded(changed.claims)}`
      const signatures =
        changed.hmac === undefined
          ? ['', signature]
          : [createHmac(changed.hmac[0], changed.hmac[1]).update(text).digest('base64url')]
      return signatures.map((one) => ({
        request: withHeaders(request, { authorization: `Bearer ${text}.${one}` }),
      }))
    },
  }
}

const decoded = (text: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const UNSIGNED = rewritten('a token that says it needs no signature', ({ head, claims }) => ({
  head: { ...head, alg: 'none' },
  claims,
}))
const LATER_END = rewritten('a token whose end was put off', ({ head, claims }) => ({
  head,
  claims: { ...claims, exp: Number(claims['exp']) + 3_600 },
}))

export const KEYS_AND_TOKENS: readonly Conformity[] = [
  {
    provider: 'discord',
    package: 'discord-interactions',
    signature: { name: 'x-signature-ed25519', encoding: 'hex' },
    time: { goodForMs: 300 * SECONDS, place: { header: 'x-signature-timestamp', write: inSeconds } },
    load: loadDiscord,
    exceptions: {
      ...NO_CLOCK,
      'a signature in capital letters': { accepts: 'both', because: 'both compare the bytes' },
    },
  },
  {
    provider: 'telegram',
    package: 'grammy',
    secrets: { secret_token: '8f3a2b1c-telegram_secret_token' },
    covers: [],
    signature: { name: 'x-telegram-bot-api-secret-token', encoding: 'text' },
    load: loadTelegram,
  },
  {
    provider: 'gmail',
    package: 'google-auth-library',
    options: { audience: AUDIENCE, service_account_email: SERVICE_ACCOUNT },
    covers: [],
    signature: { name: 'authorization', follows: 'Bearer ', encoding: 'base64url' },
    time: { goodForMs: 359 * SECONDS, aheadMs: 60 * SECONDS },
    load: loadGoogle,
    changes: [
      UNSIGNED,
      LATER_END,
      rewritten('a token made with the public key as a shared secret', ({ head, claims }, { keys }) => ({
        head: { ...head, alg: 'HS256' },
        claims,
        hmac: ['sha256', Object.values(keys.published)[0]!],
      })),
      {
        name: 'a genuine token for another audience',
        variants: async ({ signedBy }) => [
          {
            request: await signedBy('provider', {
              audience: 'https://other.example.com',
              service_account_email: SERVICE_ACCOUNT,
            }),
          },
        ],
      },
      {
        name: 'a genuine token of another service account',
        variants: async ({ signedBy }) => [
          {
            request: await signedBy('provider', {
              audience: AUDIENCE,
              service_account_email: 'push@evil.iam.gserviceaccount.com',
            }),
          },
        ],
      },
    ],
    exceptions: {
      ...STRAY_MARK,
      'a request that is too old': { accepts: 'they', because: 'they allow five minutes beyond the end of a token' },
      'a request from too far ahead of our clock': {
        accepts: 'they',
        because: 'they allow a difference of five minutes, we of one',
      },
      'a genuine token of another service account': {
        accepts: 'they',
        because: 'they leave the e-mail to their caller, and Google signs for any project',
      },
    },
  },
  {
    provider: 'jira',
    package: 'atlassian-jwt',
    alternative: 'app-token',
    secrets: { client_secret: 'ATOAclientsecret-of-the-app' },
    covers: [],
    signature: { name: 'authorization', follows: 'Bearer ', encoding: 'base64url' },
    time: { goodForMs: 239 * SECONDS, aheadMs: null },
    load: loadAtlassian,
    changes: [
      UNSIGNED,
      LATER_END,
      rewritten('a genuine token of another algorithm', ({ head, claims }, { keys }) => ({
        head: { ...head, alg: 'HS512' },
        claims,
        hmac: ['sha512', keys.secret],
      })),
      rewritten('a genuine token without an end', ({ head, claims }, { keys }) => ({
        head,
        claims: { iss: claims['iss'], iat: claims['iat'] },
        hmac: ['sha256', keys.secret],
      })),
    ],
    exceptions: {
      'a request that is too old': { accepts: 'they', because: 'they leave the end of a token to their caller' },
      'a request of yesterday': { accepts: 'they', because: 'they leave the end of a token to their caller' },
      'a genuine token without an end': { accepts: 'they', because: 'we want a token to end' },
    },
  },
]
