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
 * A whole number and a unit: ms, s, m, h or d.
 */
export type Duration = string

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
}
