/** Providers that sign by the Standard Webhooks specification, or by that of Svix from which it comes. */
import { withHeaders } from '../../verify/verifying.ts'
import type { Change } from './changes.ts'
import {
  type Conformity,
  headerOf,
  inSeconds,
  type Keys,
  type Official,
  type Seen,
  unlessThrown,
} from './conformity.ts'
import { LEADING_ZERO, PADDING, STRAY_MARK } from './differences.ts'

const MINUTES = 60_000
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const MESSAGE_ID = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W'

const SEVERAL_SIGNATURES: readonly Change[] = [
  {
    name: 'a right signature after a wrong one',
    accepted: true,
    variants: (genuine) => {
      const { signature } = genuine.conformity
      const value = genuine.request.headers.get(signature.name)!
      const wrong = `v1,${Buffer.alloc(32).toString('base64')}`
      return [{ request: withHeaders(genuine.request, { [signature.name]: `${wrong} ${value}` }) }]
    },
  },
  {
    name: 'a signature that claims another version',
    variants: ({ request, conformity: { signature } }) => {
      const value = request.headers.get(signature.name)!
      return ['v1a', 'v2', 'v0'].map((version) => ({
        request: withHeaders(request, { [signature.name]: value.replace('v1,', `${version},`) }),
      }))
    },
  },
]

/** `webhook-id`, `webhook-timestamp`, `webhook-signature`, or the same with another word before them. */
function entry(
  family: 'webhook' | 'svix',
  given: Partial<Conformity> & Pick<Conformity, 'provider' | 'package' | 'load'>,
): Conformity {
  return {
    secrets: { signing_secret: SECRET },
    request: { headers: { [`${family}-id`]: MESSAGE_ID } },
    signedHeaders: [`${family}-id`],
    signature: { name: `${family}-signature`, follows: 'v1,', encoding: 'base64' },
    time: { goodForMs: 5 * MINUTES, place: { header: `${family}-timestamp`, write: inSeconds } },
    ...given,
    changes: [...SEVERAL_SIGNATURES, ...(given.changes ?? [])],
    exceptions: given.exceptions ?? { ...PADDING, ...LEADING_ZERO },
  }
}

interface Signer {
  sign(id: string, time: Date, body: string): string
  verify(body: string, headers: Record<string, string>): unknown
}

function official(family: 'webhook' | 'svix', open: (keys: Keys) => Signer): Official {
  return {
    sign: (request, keys, now) => ({
      headers: {
        [`${family}-timestamp`]: inSeconds(now),
        [`${family}-signature`]: open(keys).sign(headerOf(request, `${family}-id`), new Date(now), request.body),
      },
    }),
    accepts: (request, keys) => unlessThrown(() => open(keys).verify(request.body, { ...request.headers })),
  }
}

async function loadStandardWebhooks(): Promise<Official> {
  const { Webhook } = await import('standardwebhooks')
  return official('webhook', ({ secret }) => new Webhook(secret))
}

async function loadRaw(): Promise<Official> {
  const { Webhook } = await import('standardwebhooks')
  return official('webhook', ({ secret }) => new Webhook(secret, { format: 'raw' }))
}

const loadSvix = (family: 'webhook' | 'svix') => async (): Promise<Official> => {
  const { Webhook } = await import('svix')
  return official(family, ({ secret }) => new Webhook(secret))
}

async function loadFathom(): Promise<Official> {
  const { Fathom } = await import('fathom-typescript')
  return {
    accepts: ({ body, headers }, { secret }) => unlessThrown(() => Fathom.verifyWebhook(secret, { ...headers }, body)),
  }
}

async function loadIncrease(): Promise<Official> {
  const { Increase } = await import('increase')
  const { events } = new Increase({ apiKey: 'none' })
  return {
    accepts: ({ body, headers }, { secret }) =>
      unlessThrown(() => events.unwrap(body, { headers: { ...headers }, key: secret })),
  }
}

async function loadOpenai(): Promise<Official> {
  const { OpenAI } = await import('openai')
  const { webhooks } = new OpenAI({ apiKey: 'none' })
  return {
    accepts: async ({ body, headers }: Seen, { secret }) => {
      await webhooks.unwrap(body, { ...headers }, secret, 300)
      return true
    },
  }
}

/** What Svix's own headers say decides, whichever others come along. */
const OTHER_FAMILY: Change = {
  name: 'a right signature in the headers webhook-* beside a wrong one in svix-*',
  variants: ({ request }) => {
    const value = (name: string): string =>
      request.headers.get(`svix-${name}`) ?? request.headers.get(`webhook-${name}`)!
    const wrong = `v1,${Buffer.alloc(32).toString('base64')}`
    return [
      {
        request: withHeaders(request, {
          'webhook-id': value('id'),
          'webhook-timestamp': value('timestamp'),
          'webhook-signature': value('signature'),
          'svix-id': value('id'),
          'svix-timestamp': value('timestamp'),
          'svix-signature': wrong,
        }),
      },
    ]
  },
}

const INCREASE_SECRET = { shared_secret: 'we7d2_shared_secret_of_increase' }

export const STANDARD_WEBHOOKS: readonly Conformity[] = [
  entry('webhook', {
    provider: 'standard-webhooks',
    package: 'standardwebhooks',
    alternative: 'v1',
    load: loadStandardWebhooks,
  }),
  entry('webhook', { provider: 'folk', package: 'standardwebhooks', load: loadStandardWebhooks }),
  entry('webhook', {
    provider: 'gitlab',
    package: 'standardwebhooks',
    alternative: 'signing-token',
    secrets: { signing_token: SECRET },
    load: loadStandardWebhooks,
  }),
  entry('svix', {
    provider: 'svix',
    package: 'svix',
    alternative: 'svix',
    load: loadSvix('svix'),
    changes: [OTHER_FAMILY],
  }),
  entry('webhook', {
    provider: 'svix',
    package: 'svix',
    alternative: 'unbranded',
    load: loadSvix('webhook'),
    changes: [OTHER_FAMILY],
  }),
  entry('webhook', {
    provider: 'fathom',
    package: 'fathom-typescript',
    alternative: 'webhook',
    secrets: { webhook_secret: SECRET },
    load: loadFathom,
    changes: [OTHER_FAMILY],
  }),
  entry('svix', {
    provider: 'fathom',
    package: 'fathom-typescript',
    alternative: 'svix',
    secrets: { webhook_secret: SECRET },
    load: loadFathom,
    changes: [OTHER_FAMILY],
  }),
  entry('webhook', {
    provider: 'increase',
    package: 'increase',
    alternative: 'standard',
    secrets: INCREASE_SECRET,
    load: loadIncrease,
  }),
  entry('webhook', {
    provider: 'increase',
    package: 'standardwebhooks',
    alternative: 'standard',
    secrets: INCREASE_SECRET,
    load: loadRaw,
  }),
  entry('webhook', {
    provider: 'openai',
    package: 'standardwebhooks',
    secrets: { webhook_secret: SECRET },
    load: loadStandardWebhooks,
  }),
  entry('webhook', {
    provider: 'openai',
    package: 'openai',
    secrets: { webhook_secret: SECRET },
    load: loadOpenai,
    exceptions: {
      ...STRAY_MARK,
      'a signature without its padding': { accepts: 'both', because: 'both compare the bytes' },
      'a signature without what stands before it': { accepts: 'they', because: 'we want the version to be said' },
    },
  }),
]
