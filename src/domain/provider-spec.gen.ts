// Generated from schemas/provider-spec.schema.json by `npm run schemas`; do not edit.

export type BodyKind =
  | ('json' | 'form' | 'text' | 'empty')
  | {
      /**
       * The form field that holds JSON text.
       */
      form_json: string
    }
export type Identifier = string
export type HeaderName = string
/**
 * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`.
 */
export type Expression = string

/**
 * How the requests of one provider are verified, answered, split, named and matched. One YAML file per provider, with its examples.
 */
export interface ProviderSpec {
  /**
   * Key of the provider; the file is named after it.
   */
  provider: string
  /**
   * Name of the provider as people know it.
   */
  name: string
  /**
   * The provider's own page on verifying its webhooks.
   */
  docs: string
  /**
   * How sure we are of the scheme: a published vector verifies (vector), the provider's SDK was read (sdk), its documentation (docs), somebody else's code (third-party), or only memory (recollection).
   */
  confidence: 'vector' | 'sdk' | 'docs' | 'third-party' | 'recollection'
  /**
   * What an operator should know before using this provider.
   */
  notes?: string[]
  /**
   * The secrets the provider's schemes need, by the provider's own term in snake case.
   */
  secrets?: {
    [k: string]: SecretDeclaration
  }
  /**
   * Values that are not secret but that only the operator knows, such as an audience. Expressions see them as `options`.
   */
  options?: {
    [k: string]: OptionDeclaration
  }
  /**
   * How the body is decoded, whatever content type the sender claims. A list is tried in order; the first that fits is taken.
   */
  body?: BodyKind | [BodyKind, ...BodyKind[]]
  /**
   * Ways of proving who sent the request, strongest first. The first whose signature is present decides; a wrong one is never rescued by a later one.
   *
   * @minItems 1
   */
  verify: [Alternative, ...Alternative[]]
  refused?: Answer
  /**
   * Requests that ask us to prove we own the URL. Answered at once; never events.
   */
  handshakes?: Handshake[]
  event: EventRules
  /**
   * Ways to find the event's connections, in order; the first that finds any is taken.
   */
  match?: MatchRule[]
  /**
   * Members of the payload that are secret: removed before anything is stored or forwarded. `[]` stands for every item of an array.
   */
  strip?: string[]
  forward?: ForwardRules
  /**
   * What an accepted request is answered, first match; `200 {"status":"success"}` by default.
   */
  answers?: AnswerRule[]
  /**
   * Recorded or invented requests and what must follow. They are the tests of the spec, and `postern trigger` sends them.
   *
   * @minItems 1
   */
  examples: [Example, ...Example[]]
}
export interface SecretDeclaration {
  /**
   * Where the operator finds or sets it.
   */
  where: string
  /**
   * Whether one secret serves the integration or each connection has its own.
   */
  scope?: 'integration' | 'connection'
  /**
   * How to make up a valid one, for a trial run without configuration: random text, or random bytes in the encoding the key needs.
   */
  generate?: 'text' | 'hex' | 'base64' | 'whsec'
}
export interface OptionDeclaration {
  where: string
  required?: boolean
  default?: string
}
export interface Alternative {
  /**
   * How logs and reports call this alternative; the scheme by default.
   */
  name?: string
  scheme:
    | 'hmac-md5'
    | 'hmac-sha1'
    | 'hmac-sha256'
    | 'hmac-sha512'
    | 'digest-md5'
    | 'digest-sha1'
    | 'digest-sha256'
    | 'digest-sha512'
    | 'ed25519'
    | 'rsa-sha1'
    | 'rsa-sha256'
    | 'rsa-sha512'
    | 'ecdsa-sha256'
    | 'jwt'
    | 'token'
    | 'basic'
    | 'unverified'
  /**
   * The alternative applies only to requests for which this holds. It sees what is not yet verified: method, url, path, headers, query, options.
   */
  when?: string
  /**
   * Secrets whose presence in the configuration takes this weaker alternative out, so that nobody can fall back to it by leaving the stronger signature off.
   *
   * @minItems 1
   */
  unless_configured?: [Identifier, ...Identifier[]]
  /**
   * Name of the secret.
   */
  secret?: string
  /**
   * A public key that is the same for all customers of the provider, in the encoding that `key` names.
   */
  public_key?: string
  /**
   * Where the provider publishes its keys. Only this https URL is ever fetched.
   */
  jwks?: string
  key?: KeyRecipe
  signature?: SignatureSource
  /**
   * The signed text as a template: {body} {timestamp} {method} {url} {secret} {sorted_form} {header:NAME} {query:NAME} and the placeholders of the signature's format.
   */
  signed?: string
  /**
   * How {url} is written before it is signed.
   */
  url?: {
    /**
     * Characters whose percent-escapes are decoded.
     */
    unescape?: string
    /**
     * `either` also tries the URL with the scheme's default port written out, and without.
     */
    port?: 'as_is' | 'either'
  }
  /**
   * The time that is signed with the request.
   */
  timestamp?: {
    header?: HeaderName
    query?: string
    form?: string
    body?: Expression
    part?: string
    unit: 's' | 'ms' | 'iso8601' | 'http_date'
  }
  /**
   * How far the timestamp may be from our clock, both ways.
   */
  tolerance?: string
  /**
   * A digest of the body that stands in something signed; checked beside the signature.
   */
  body_hash?: {
    header?: HeaderName
    query?: string
    claim?: string
    digest: 'md5' | 'sha1' | 'sha256' | 'sha512'
    encoding: 'hex' | 'base64' | 'base64url'
  }
  /**
   * The check is made for every item of this array; one failing item refuses the request, and so does an empty array.
   */
  each?: string
  /**
   * The JWT algorithms that are accepted; never the sender's choice.
   *
   * @minItems 1
   */
  algorithms?: [
    (
      | 'HS256'
      | 'HS384'
      | 'HS512'
      | 'RS256'
      | 'RS384'
      | 'RS512'
      | 'PS256'
      | 'PS384'
      | 'PS512'
      | 'ES256'
      | 'ES384'
      | 'EdDSA'
    ),
    ...(
      | 'HS256'
      | 'HS384'
      | 'HS512'
      | 'RS256'
      | 'RS384'
      | 'RS512'
      | 'PS256'
      | 'PS384'
      | 'PS512'
      | 'ES256'
      | 'ES384'
      | 'EdDSA'
    )[]
  ]
  /**
   * What the token must say: a literal, a list of allowed literals, or `{expression: …}`. Names not listed are not looked at.
   */
  claims?: {
    [k: string]:
      | string
      | number
      | boolean
      | [string, ...string[]]
      | {
          expression: Expression
        }
  }
  /**
   * For basic: the secret that holds the user name.
   */
  username?: string
  /**
   * For basic: the secret that holds the password.
   */
  password?: string
  /**
   * For unverified: why the provider's requests cannot be verified. The ingress token in the URL is then the protection.
   */
  reason?: string
  /**
   * What the scheme cannot see when it is changed, and the spec makes use of: the body, the time it was sent (so that it can be sent again), the URL's path or query, the method, headers that are read or forwarded; form_structure: where one field of a form ends and the next begins. The spec-runner's attacks must die otherwise; it reports these admissions.
   *
   * @minItems 1
   */
  does_not_cover?: [
    'body' | 'time' | 'url' | 'method' | 'headers' | 'form_structure',
    ...('body' | 'time' | 'url' | 'method' | 'headers' | 'form_structure')[]
  ]
}
/**
 * How the configured secret becomes the bytes of the key, in this order: prefix stripped, normalised, suffix added, decoded, digested.
 */
export interface KeyRecipe {
  /**
   * Removed from the secret where it begins with it.
   */
  strip_prefix?: string
  /**
   * Added to the secret, such as `&`.
   */
  suffix?: string
  normalize?: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'
  /**
   * How the secret's text is read: as it is, decoded, or as a public key (PEM, bare DER in base64, raw bytes in hex).
   */
  encoding?: 'utf8' | 'hex' | 'base64' | 'pem' | 'der'
  /**
   * The key is this digest of the decoded secret.
   */
  digest?: 'md5' | 'sha1' | 'sha256' | 'sha512'
}
/**
 * Where the signature stands and how it is written.
 */
export interface SignatureSource {
  header?: HeaderName
  query?: string
  form?: string
  body?: Expression
  /**
   * Text before the signature, such as `sha256=`.
   */
  prefix?: string
  encoding?: 'hex' | 'base64' | 'base64url'
  /**
   * How a composite value is written: elements with placeholders, in any order, of which unknown ones are ignored. `{signature}` may stand several times in the value; every other placeholder once.
   */
  format?: string
  /**
   * What stands between the elements of the format.
   */
  separator?: string
  /**
   * The header may come several times, each with a signature.
   */
  several?: boolean
  /**
   * How an ECDSA signature is written: ASN.1 DER, or r and s side by side (IEEE P1363).
   */
  encoded_as?: 'der' | 'p1363'
}
/**
 * The answer to a request that was refused; 401 by default. Its text is the same whatever the cause.
 */
export interface Answer {
  status?: number
  headers?: {
    [k: string]: string
  }
  /**
   * The body, literally.
   */
  text?: string
  /**
   * The body, as JSON.
   */
  json?: {
    [k: string]: unknown
  }
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`.
   */
  value?: string
}
export interface Handshake {
  name: string
  when: Expression
  /**
   * Whether it is answered only after the signature was checked. `false` needs a reason.
   */
  verified?: boolean
  /**
   * Why it has to be answered unverified.
   */
  because?: string
  answer: Answer1
}
export interface Answer1 {
  status?: number
  headers?: {
    [k: string]: string
  }
  /**
   * The body, literally.
   */
  text?: string
  /**
   * The body, as JSON.
   */
  json?: {
    [k: string]: unknown
  }
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`.
   */
  value?: string
}
/**
 * The events of a request.
 */
export interface EventRules {
  /**
   * The array whose items are the events; expressions see the item as `event`. Without it the whole body is the event.
   */
  each?: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`.
   */
  type: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`.
   */
  dedupe?: string
  /**
   * How long it is remembered; the gateway's setting by default.
   */
  dedupe_window?: string
  /**
   * When it happened.
   */
  time?: {
    value: Expression
    unit: 's' | 'ms' | 'iso8601' | 'http_date'
  }
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`.
   */
  skip?: string
}
export interface MatchRule {
  /**
   * Which identifier of the connection is compared.
   */
  field: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`.
   */
  equals: string
  when?: Expression
}
export interface ForwardRules {
  /**
   * The provider's headers that reach the app.
   */
  headers?: HeaderName[]
  /**
   * Query parameters that reach the app, url-encoded in the header `postern-query`.
   */
  query?: string[]
}
export interface AnswerRule {
  when?: Expression
  answer: Answer1
}
export interface Example {
  /**
   * A sentence; unique in the file. `postern trigger` also takes a slug of it.
   */
  name: string
  /**
   * Where a published vector comes from.
   */
  source?: string
  given?: {
    secrets?: {
      [k: string]: string | [string, ...string[]]
    }
    options?: {
      [k: string]: string
    }
    connections?: ExampleConnection[]
    /**
     * The clock's time.
     */
    now?: string
    /**
     * Scheme and host (and path) under which the provider calls; https://hooks.example.com/webhook/<provider> by default.
     */
    public_url?: string
  }
  request: {
    method?: 'GET' | 'HEAD' | 'POST' | 'PUT'
    /**
     * The query string, without the question mark.
     */
    query?: string
    headers?: {
      [k: string]: string | string[]
    }
    /**
     * The exact text.
     */
    body?: string
    /**
     * The body as compact JSON.
     */
    json?: {
      [k: string]: unknown
    }
    /**
     * The body as url-encoded form, in this order.
     */
    form?: {
      [k: string]: string
    }
    /**
     * The exact bytes.
     */
    base64?: string
  }
  /**
   * Whether the runner signs the request. By default it does unless the request carries the signature of an alternative itself.
   */
  sign?: boolean | string
  expect: {
    answer?:
      | number
      | {
          status?: number
          headers?: {
            [k: string]: string
          }
          text?: string
          json?: unknown
        }
    /**
     * The alternative that accepted.
     */
    scheme?: string
    /**
     * The code of the refusal.
     */
    refused?: string
    handshake?: string
    events?: {
      type?: string | null
      dedupe?: string | null
      time?: string | null
      skipped?: boolean
      connections?: string[]
    }[]
    forwarded?: {
      connection?: string | null
      headers?: {
        [k: string]: string
      }
      payload?: unknown
      /**
       * The payload, byte for byte.
       */
      payload_text?: string
    }[]
  }
}
export interface ExampleConnection {
  connection_id: string
  connection_config?: {}
  metadata?: {}
  tags?: {
    [k: string]: string
  }
  webhook_url_override?: string
}
