/** The way to the APIs of providers. */

export interface ApiCall {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
  readonly timeoutMs: number
  /** What is read of the answer at most. */
  readonly maxBytes: number
  /** Gives the call up; it is then unanswered. */
  readonly signal?: AbortSignal
}

/** What a call came to. */
export type ApiAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Lower-case names; repeated ones joined by a comma. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
      /** The answer was larger than `maxBytes`; the body is what fitted. */
      readonly isCut: boolean
      readonly durationMs: number
    }
  | {
      readonly kind: 'unanswered'
      readonly reason: 'timeout' | 'network' | 'blocked_address' | 'invalid_url'
      /** The network's own words. */
      readonly detail: string
      readonly durationMs: number
    }

export interface ApiClient {
  /** Makes one call through the guard of all outbound calls, following no redirect. Never throws for what the network does. */
  call(call: ApiCall): Promise<ApiAnswer>
}
