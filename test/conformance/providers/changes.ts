/**
 * What an attacker, a proxy or a clock may do to a genuine request. Each change yields the requests to judge; unless an entry makes
 * an exception, both the package and we refuse every one of them.
 */
import type { InboundRequest } from '../../../src/domain/request.ts'
import { flipBit, withBody, withHeaders } from '../../verify/verifying.ts'
import type { Conformity, Keys, SignaturePlace } from './conformity.ts'
import {
  bitsOf,
  encoded,
  signatureBytes,
  signatureText,
  textOf,
  withSignature,
  withTime,
  withValue,
} from './editing.ts'

/** A request that both accept, and the means to make others like it. */
export interface Genuine {
  readonly request: InboundRequest
  readonly now: number
  readonly conformity: Conformity
  /** The provider's, for forgeries with what is public and for genuine requests that are odd. */
  readonly keys: Keys
  /** The same, signed by somebody with other keys, or with other options. */
  signedBy(who: 'provider' | 'stranger', options?: Readonly<Record<string, string>>): Promise<InboundRequest>
}

export interface Variant {
  readonly request: InboundRequest
  /** The clock's time at which it is judged; that of signing unless given. */
  readonly now?: number
}

export interface Change {
  /** A noun phrase for "agree on …". */
  readonly name: string
  /** Absent applies to all. */
  readonly appliesTo?: (conformity: Conformity) => boolean
  readonly variants: (genuine: Genuine) => Variant[] | Promise<Variant[]>
  readonly accepted?: boolean
}

const covers =
  (part: 'body' | 'url' | 'method') =>
  ({ covers = ['body'] }: Conformity): boolean =>
    covers.includes(part)
const isIn =
  (...encodings: SignaturePlace['encoding'][]) =>
  ({ signature }: Conformity): boolean =>
    encodings.includes(signature.encoding)
const hasTimeInHead = ({ time }: Conformity): boolean => time?.place !== undefined

const TABLE = [
  {
    name: 'a body with one bit changed',
    appliesTo: covers('body'),
    variants: ({ request }) =>
      bitsOf(request.rawBody).map((bit) => ({ request: withBody(request, flipBit(request.rawBody, bit)) })),
  },
  {
    name: 'a body with a blank after it',
    appliesTo: covers('body'),
    variants: ({ request }) => [{ request: withBody(request, `${textOf(request)} `) }],
  },
  {
    name: 'a body that was cut short',
    appliesTo: covers('body'),
    variants: ({ request }) => [{ request: withBody(request, request.rawBody.subarray(0, -1)) }],
  },
  {
    name: 'a body that was taken away',
    appliesTo: covers('body'),
    variants: ({ request }) => [{ request: withBody(request, '') }],
  },
  {
    name: 'another query in the URL',
    appliesTo: covers('url'),
    variants: ({ request }) => [
      { request: { ...request, url: `${request.url}${request.url.includes('?') ? '&' : '?'}added=1` } },
    ],
  },
  {
    name: 'another host in the URL',
    appliesTo: covers('url'),
    variants: ({ request }) => [{ request: { ...request, url: request.url.replace('hooks.', 'other.') } }],
  },
  {
    name: 'another method',
    appliesTo: covers('method'),
    variants: ({ request }) => [{ request: { ...request, method: 'PUT' } }],
  },
  {
    name: 'a signed header that was changed',
    appliesTo: ({ signedHeaders = [] }) => signedHeaders.length > 0,
    variants: ({ request, conformity }) =>
      conformity.signedHeaders!.map((name) => ({
        request: withHeaders(request, { [name]: `${request.headers.get(name)}x` }),
      })),
  },
  {
    name: 'a signed header that is missing',
    appliesTo: ({ signedHeaders = [] }) => signedHeaders.length > 0,
    variants: ({ request, conformity }) =>
      conformity.signedHeaders!.map((name) => ({ request: withHeaders(request, { [name]: undefined }) })),
  },
  {
    name: 'a signature with one bit changed',
    variants: (genuine) => {
      const bytes = signatureBytes(genuine)
      return bitsOf(bytes).map((bit) => withSignature(genuine, encoded(genuine, flipBit(bytes, bit))))
    },
  },
  {
    name: 'a signature without its last two characters',
    variants: (genuine) => [withSignature(genuine, signatureText(genuine).slice(0, -2))],
  },
  {
    name: 'the first half of a signature',
    variants: (genuine) => {
      const bytes = signatureBytes(genuine)
      return [withSignature(genuine, encoded(genuine, bytes.subarray(0, bytes.length / 2)))]
    },
  },
  {
    name: 'a signature that goes on',
    variants: (genuine) => [
      withSignature(genuine, encoded(genuine, Buffer.concat([signatureBytes(genuine), Buffer.from('more')]))),
    ],
  },
  {
    name: 'a stray mark after the signature',
    variants: (genuine) => [withSignature(genuine, `${signatureText(genuine)}!`)],
  },
  { name: 'an empty signature', variants: (genuine) => [withSignature(genuine, '')] },
  {
    name: 'a request without its signature',
    variants: ({ request, conformity }) => [{ request: withValue(request, conformity.signature, undefined) }],
  },
  {
    name: 'a signature without what stands before it',
    appliesTo: ({ signature }) => signature.follows !== undefined,
    variants: (genuine) => {
      const { request, conformity } = genuine
      return [{ request: withValue(request, conformity.signature, signatureText(genuine)) }]
    },
  },
  {
    name: 'a signature in capital letters',
    appliesTo: isIn('hex'),
    variants: (genuine) => [withSignature(genuine, signatureText(genuine).toUpperCase())],
  },
  {
    name: 'a signature without its padding',
    appliesTo: isIn('base64'),
    variants: (genuine) => [withSignature(genuine, signatureText(genuine).replace(/=+$/, ''))],
  },
  {
    name: 'the signature of somebody with another secret',
    variants: async ({ signedBy }) => [{ request: await signedBy('stranger') }],
  },
  {
    name: 'a request that is about to grow too old',
    accepted: true,
    appliesTo: ({ time }) => time !== undefined,
    variants: ({ request, now, conformity }) => [{ request, now: now + conformity.time!.goodForMs }],
  },
  {
    name: 'a request that is too old',
    appliesTo: ({ time }) => time !== undefined,
    variants: ({ request, now, conformity }) => [{ request, now: now + conformity.time!.goodForMs + 1_000 }],
  },
  {
    name: 'a request of yesterday',
    appliesTo: ({ time }) => time !== undefined,
    variants: ({ request, now }) => [{ request, now: now + 86_400_000 }],
  },
  {
    name: 'a request from half a minute ahead of our clock',
    accepted: true,
    appliesTo: ({ time }) => time !== undefined,
    variants: ({ request, now }) => [{ request, now: now - 30_000 }],
  },
  {
    name: 'a request from too far ahead of our clock',
    appliesTo: ({ time }) => time !== undefined && time.aheadMs !== null,
    variants: ({ request, now, conformity: { time } }) => [
      { request, now: now - (time!.aheadMs ?? time!.goodForMs) - 1_000 },
    ],
  },
  {
    name: 'a time that was changed',
    appliesTo: hasTimeInHead,
    variants: (genuine) => [withTime(genuine, (_, write) => write(genuine.now + 1_000))],
  },
  { name: 'a time that is no time', appliesTo: hasTimeInHead, variants: (genuine) => [withTime(genuine, () => 'now')] },
  {
    name: 'a time that is missing',
    appliesTo: hasTimeInHead,
    variants: (genuine) => [withTime(genuine, () => undefined)],
  },
  {
    name: 'a time with a zero before it',
    appliesTo: ({ time }) => /^\d+$/.test(time?.place?.write(0) ?? ''),
    variants: (genuine) => [withTime(genuine, (written) => `0${written}`)],
  },
] as const satisfies readonly Change[]

export type ChangeName = (typeof TABLE)[number]['name']

export function changesOf(conformity: Conformity): readonly Change[] {
  const table: readonly Change[] = TABLE
  return [...table, ...(conformity.changes ?? [])].filter(({ appliesTo }) => appliesTo?.(conformity) ?? true)
}
