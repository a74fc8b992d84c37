// Generated from schemas/config.schema.json by `npm run schemas`; do not edit.

/**
 * Bearer keys of the HTTP API. Without one, the key generated in the data directory.
 *
 * @minItems 1
 */
export type SecretList = [string, ...string[]]
/**
 * Keys for credentials and captured secrets at rest (AES-256-GCM): the first encrypts, all decrypt.
 *
 * @minItems 1
 */
export type SecretList1 = [string, ...string[]]
/**
 * Secrets that forwards are signed with: the first signs the peer's headers, all sign `webhook-signature`.
 *
 * @minItems 1
 */
export type SecretList2 = [string, ...string[]]
/**
 * A whole number and a unit: ms, s, m, h or d.
 */
export type Duration = string
/**
 * @minItems 1
 */
export type SecretList3 = [string, ...string[]]
/**
 * When given, one of these must stand in the URL: /webhook/{integration}/{token}.
 *
 * @minItems 1
 */
export type SecretList4 = [string, ...string[]]
/**
 * Letters, digits, dot, underscore and dash; at most 100.
 */
export type Name = string
/**
 * Text in which `{expression}` stands for the expression's value, percent-encoded in a URL.
 */
export type SyncTemplate = string
/**
 * An expression, or a number or truth value as it is. What an expression does not find is left out.
 */
export type SyncValue = SyncExpression | number | boolean
/**
 * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
 */
export type SyncExpression = string
/**
 * How the connection's credentials are sent; `bearer` by default. `oauth2` is a bearer token that is refreshed before it expires.
 */
export type SyncAuth = ('none' | 'bearer' | 'basic') | SyncHeaderAuth | SyncQueryAuth | SyncOAuth2
/**
 * `run`; or a fetch by id, a record to upsert or an id to delete, straight from the event. Expressions may give several.
 */
export type SyncAction = 'run' | SyncFetchAction | SyncUpsertAction | SyncDeleteAction

/**
 * postern.yaml: the configuration of one gateway. Every text may hold ${ENV}, ${ENV:-default} and ${file:/path}.
 */
export interface GatewayConfig {
  server?: {
    /**
     * Address to listen on.
     */
    host?: string
    /**
     * Port to listen on; 0 takes a free one.
     */
    port?: number
    /**
     * Scheme and host under which providers reach the gateway; providers that sign the URL sign this one.
     */
    public_url?: string
    /**
     * Larger request bodies are answered 413.
     */
    max_body?: string
  }
  /**
   * Where everything is kept.
   */
  storage?: string
  api?: {
    keys?: SecretList
  }
  encryption?: {
    keys?: SecretList1
  }
  signing?: {
    secrets?: SecretList2
  }
  /**
   * Folders or files of provider specs beside the built-in ones; one of the same provider replaces the built-in one.
   */
  specs?: string[]
  destinations?: {
    [k: string]: Destination
  }
  integrations?: {
    [k: string]: Integration
  }
  outbound?: {
    /**
     * CIDRs that outbound calls may reach although they are not public.
     */
    allow_private?: string[]
  }
  delivery?: {
    /**
     * Waits before the second, third… attempt.
     */
    retries?: Duration[]
    /**
     * Share by which waits vary at random.
     */
    jitter?: number
    /**
     * A whole number and a unit: ms, s, m, h or d.
     */
    max_retry_after?: string
  }
  /**
   * How long what came in is kept. A request with a delivery that is pending, held or dead stays, however old it is.
   */
  retention?: {
    /**
     * A whole number and a unit: ms, s, m, h or d.
     */
    accepted?: string
    /**
     * A whole number and a unit: ms, s, m, h or d.
     */
    refused?: string
    /**
     * A whole number and a unit: ms, s, m, h or d.
     */
    attempts?: string
    /**
     * A whole number and a unit: ms, s, m, h or d.
     */
    held?: string
  }
  ingest?: {
    /**
     * How long a dedupe key is remembered; `off` remembers none.
     */
    dedupe_window?: Duration | 'off'
    /**
     * Bodies waiting for the store may take this much memory; beyond it requests are answered 503.
     */
    max_pending_bytes?: string
  }
  log?: {
    level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  }
}
export interface Destination {
  /**
   * Where events are POSTed.
   */
  url: string
  /**
   * From the start of an attempt to the end of the answer's headers.
   */
  timeout?: string
  /**
   * Attempts under way at once.
   */
  concurrency?: number
  /**
   * Static headers added to every forward.
   */
  headers?: {
    [k: string]: string
  }
  /**
   * Attempts that may begin in a second, minute or hour, evenly spread, as in `100/s`; what exceeds it is delayed, never dropped.
   */
  rate?: string
  /**
   * When the destination counts as down: then nothing is sent until one delivery has probed it, and no tries are used up. `off` leaves every attempt to the retry schedule.
   */
  breaker?: Breaker | 'off'
  /**
   * `connection`: deliveries of one connection go out one after the other in the order of their requests; one that fails holds up its own connection only, until it is delivered, dead or skipped. `none`: in any order.
   */
  order?: 'none' | 'connection'
  /**
   * JSONata over the event: only events for which it holds go to this destination. It sees what the spec's expressions see (`event`, `headers`, `query`, …), and `type`. An event for which it fails passes.
   */
  filter?: string
  /**
   * `wrapper`: the envelope around the payload. `raw`: the request's own bytes and content type, with the provider's signature headers beside ours.
   */
  body?: 'wrapper' | 'raw'
  /**
   * PEM texts, usually as ${file:…}: certificate and key that we show to the destination, and the authorities that its own certificate must come from.
   */
  tls?: {
    cert?: string
    key?: string
    ca?: string
  }
  /**
   * URL of an HTTP proxy for this destination. outbound.allow_private then applies to the address of the proxy, and to the destination where its URL holds an address; names are resolved by the proxy.
   */
  proxy?: string
}
export interface Breaker {
  /**
   * It opens when this share of the attempts within the window got no answer or 5xx…
   */
  failure_ratio?: number
  /**
   * …and there were at least so many.
   */
  min_attempts?: number
  window?: Duration
  /**
   * A whole number and a unit: ms, s, m, h or d.
   */
  open_for?: string
}
export interface Integration {
  /**
   * Letters, digits, dot, underscore and dash; at most 100.
   */
  provider: string
  /**
   * The secrets that the provider's spec names; a list, since several may be live.
   */
  secrets?: {
    [k: string]: string | SecretList3
  }
  /**
   * The options that the provider's spec names.
   */
  options?: {
    [k: string]: string
  }
  ingress_tokens?: SecretList4
  /**
   * Destinations, by name.
   */
  forward?: Name[]
  /**
   * What becomes of events that no connection matches: the raw payload is forwarded, the wrapped one, it is held, or dropped.
   */
  unmatched?: 'raw' | 'wrapped' | 'hold' | 'drop'
  dedupe_window?: Duration | 'off'
  /**
   * What its destinations get: the provider's `events`, word of its `syncs` with what these made of events, or `both`.
   */
  deliver?: 'both' | 'events' | 'syncs'
  syncs?: SyncOverrides
}
/**
 * Syncs of this integration: `false` switches one of the spec off; members replace those of the spec's sync of that name; a new name is a sync of its own.
 */
export interface SyncOverrides {
  [k: string]: false | SyncDeclaration
}
export interface SyncDeclaration {
  description?: string
  /**
   * What the records are called; apps read them by this name. Required.
   */
  model?: string
  /**
   * A JSON Schema (2020-12) of one record. Items that do not fit are skipped and counted.
   */
  schema?: {}
  /**
   * The fallback schedule; at least 30s. 1h by default.
   */
  every?: string
  /**
   * Every run this long after the last full one begins from an empty checkpoint.
   */
  full_every?: string
  /**
   * Whether the schedule runs as soon as there is a connection; true by default.
   */
  auto_start?: boolean
  request?: SyncRequest
  auth?: SyncAuth
  pages?: SyncPages
  /**
   * The items of an answer as records with an `id`: one expression for the whole page, or list, id and map. Required.
   */
  records?: SyncExpression | SyncRecords
  /**
   * What the next run continues from, by name: expressions over every page. `$max(…)` around a whole expression also compares texts, and never goes back.
   */
  checkpoint?: {
    [k: string]: SyncExpression
  }
  /**
   * How deletions are found: what a full run does not see any more, or ids that an answer names.
   */
  deletes?: 'missing_on_full_run' | SyncTombstones
  fetch?: SyncFetch
  /**
   * What events do, by event type; `*` stands for any text. The first pattern that fits counts.
   */
  on?: {
    [k: string]: SyncAction
  }
  /**
   * Events that ask for a run within this time become one run after it; 5s by default.
   */
  coalesce?: string
  /**
   * Whether a run leaves alone what a webhook wrote after the page was asked for (the default), or overrides it.
   */
  conflict?: 'ignore_if_modified_after' | 'override'
  /**
   * Calls per connection, of all its syncs together: a number and a time.
   */
  rate?: string
  rate_limit?: SyncRateLimit
  notify?: SyncNotify
  /**
   * Runs against recorded answers: the tests of the sync.
   */
  examples?: SyncExample[]
}
/**
 * What is asked for a page. Exactly one of get and post.
 */
export interface SyncRequest {
  get?: SyncTemplate
  post?: SyncTemplate
  query?: {
    [k: string]: SyncValue
  }
  /**
   * Headers beside accept, user-agent and the authorization.
   */
  headers?: {
    [k: string]: SyncTemplate
  }
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  body?: string
  /**
   * Sent url-encoded.
   */
  form?: {
    [k: string]: SyncValue
  }
  /**
   * For one call; 30s by default.
   */
  timeout?: string
}
export interface SyncHeaderAuth {
  header: string
  /**
   * Text before the key, with its space.
   */
  prefix?: string
}
export interface SyncQueryAuth {
  query: string
}
export interface SyncOAuth2 {
  oauth2: {
    token_url: SyncTemplate
    /**
     * The option that holds it, where the credentials have none; `client_id` by default.
     */
    client_id?: string
    /**
     * The secret that holds it, where the credentials have none; `client_secret` by default.
     */
    client_secret?: string
    /**
     * How the client proves itself (RFC 6749 §2.3.1); basic by default.
     */
    client_auth?: 'basic' | 'body'
    scope?: string
    /**
     * Where the token goes; authorization by default.
     */
    header?: string
    /**
     * Text before the token, with its space; `Bearer ` by default.
     */
    prefix?: string
  }
}
/**
 * How the next page is asked for. Exactly one of next, link, offset and number; without `pages` there is one page.
 */
export interface SyncPages {
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  next?: string
  /**
   * Where `next` is put.
   */
  into?: string
  /**
   * The relation of the Link header (RFC 8288) that leads on, such as next.
   */
  link?: string
  /**
   * Where the count of items so far is put.
   */
  offset?: string
  /**
   * Where the page's number is put.
   */
  number?: string
  /**
   * The number of the first page; 1 by default.
   */
  first?: number
  /**
   * Items of a full page: a page with fewer is the last. Without it the last page is the first empty one.
   */
  size?: number
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  more?: string
  /**
   * Hosts beside the request's own that a next URL may lead to.
   */
  hosts?: string[]
  /**
   * Pages of one run; 100,000 by default.
   */
  max?: number
}
export interface SyncRecords {
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  list: string
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  id?: string
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  map?: string
}
export interface SyncTombstones {
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  from: string
}
/**
 * How one object is asked for, by `id`. An answer of 404 or 410 deletes the record.
 */
export interface SyncFetch {
  request: SyncRequest
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  item?: string
  /**
   * A JSONata expression over `connection` (connection_id, connection_config, metadata, tags), `checkpoint`, `page` (number, from 1; items so far), `options` and `now`; after an answer also `response` (status, headers, body) and `records`; per item also `item`; of a trigger `event`, `body`, `headers`; of a fetch `id`.
   */
  record?: string
}
export interface SyncFetchAction {
  fetch: SyncExpression
  /**
   * Whether the record is forwarded to the app.
   */
  forward?: boolean
}
export interface SyncUpsertAction {
  upsert: SyncExpression
  /**
   * Whether the record is forwarded to the app.
   */
  forward?: boolean
}
export interface SyncDeleteAction {
  delete: SyncExpression
}
/**
 * The provider's headers about its limit, beside Retry-After, which is always honoured.
 */
export interface SyncRateLimit {
  /**
   * Header: calls left.
   */
  remaining: string
  /**
   * Header: when there are calls again.
   */
  reset: string
  /**
   * What reset counts: seconds from now (the default), or a point in time since 1970.
   */
  unit?: 'seconds' | 'milliseconds' | 'epoch_seconds' | 'epoch_milliseconds'
  /**
   * Statuses that mean a limit when no calls are left, beside 429; GitHub answers 403.
   */
  statuses?: number[]
}
/**
 * Which runs the app is told of, at the integration's destinations.
 */
export interface SyncNotify {
  /**
   * Runs that changed records; true by default.
   */
  changes?: boolean
  /**
   * Runs that changed nothing; false by default.
   */
  empty?: boolean
  /**
   * Runs that failed: `first`, the default, when a sync begins to fail, and again when it fails for another reason or had succeeded in between; `all` of them; or `none`.
   */
  failures?: 'first' | 'all' | 'none'
}
export interface SyncExample {
  /**
   * A sentence; unique in the sync.
   */
  name: string
  given?: {
    connection?: {}
    credentials?: {}
    checkpoint?: {}
    options?: {
      [k: string]: string
    }
    now?: string
  }
  /**
   * What the provider answers, in order; one that is never asked for fails the example.
   *
   * @minItems 1
   */
  answers: [
    {
      /**
       * What has to be asked: `GET https://…`, the query's order not counting.
       */
      request?: string
      status?: number
      headers?: {
        [k: string]: string
      }
      json?: unknown
      text?: string
    },
    ...{
      /**
       * What has to be asked: `GET https://…`, the query's order not counting.
       */
      request?: string
      status?: number
      headers?: {
        [k: string]: string
      }
      json?: unknown
      text?: string
    }[]
  ]
  expect?: {
    records?: unknown[]
    deleted?: string[]
    checkpoint?: {}
    /**
     * The code of the failure.
     */
    failure?: string
  }
}
