// Generated from schemas/provider-spec.schema.json by `npm run schemas`; do not edit.

export type BodyKind =
  | ('json' | 'form' | 'text' | 'empty' | 'xml' | 'json_lines' | 'multipart' | 'jwt')
  | {
      /**
       * The form field that holds JSON text.
       */
      form_json: string
    }
  | {
      /**
       * The field of a multipart/form-data body that holds JSON text. Its boundary is read from the body, not from the header.
       */
      multipart_json: string
    }
  | {
      /**
       * XML in which these elements are always lists, also where one stands alone. Names without prefix.
       *
       * @minItems 1
       */
      xml_lists: [string, ...string[]]
    }
  | {
      /**
       * What the gzip-compressed body holds. Only for providers that sign the compressed bytes.
       */
      gzip: 'json' | 'json_lines' | 'form' | 'text'
    }
export type Identifier = string
/**
 * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
 */
export type Expression = string
/**
 * A host name; `*` stands for exactly one label. `{option:NAME}` takes the operator's own host from an option.
 */
export type HostPattern = string
/**
 * Text with placeholders: {secret:NAME}, {option:NAME}, and what the clause adds.
 */
export type Template = string
export type HeaderName = string
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
   * Answers to requests refused for certain causes, where the provider asks for a status of its own. First match; `refused` for all others.
   *
   * @minItems 1
   */
  refusals?: [RefusalRule, ...RefusalRule[]]
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
  syncs?: SyncDeclarations
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
    | 'ecdsa-sha1'
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
   * Name of an earlier alternative of the same scheme that proves as much. This one is then also tried where that one's signature is wrong: two keys, each with its own header, are live during a rotation.
   */
  equal_to?: string
  /**
   * Proofs that the same request must carry as well, each where its secrets are configured.
   *
   * @minItems 1
   * @maxItems 3
   */
  also?: [Alternative] | [Alternative, Alternative] | [Alternative, Alternative, Alternative]
  /**
   * What must hold of a request whose signature is right, or it is refused (`requirement_unmet`): that an algorithm header says what we use, that an account is ours. Sees the request, `parts` of the signature's format, `claims` of a token, and `jwk`, the published key that made it.
   *
   * @minItems 1
   */
  require?: [Expression, ...Expression[]]
  /**
   * Name of the secret.
   */
  secret?: string
  connection?: ConnectionHint
  /**
   * A public key that is the same for all customers of the provider, in the encoding that `key` names.
   */
  public_key?: string
  /**
   * Where the provider publishes its keys as a JWK set. Only this https URL is ever fetched. Also for signatures that are no JWT: `key_id` picks the key, without it every key of the right kind is tried.
   */
  jwks?: string
  /**
   * The provider's OpenID metadata, which names the JWK set (`jwks_uri`). Only this https URL and one of the same host are ever fetched.
   */
  openid?: string
  fetched_key?: FetchedKey
  key_id?: ValuePlace
  key?: KeyRecipe
  signature?: SignatureSource
  /**
   * The signed text as a template: {body} {timestamp} {method} {url} {url_without_query} {path} {path_query} {secret} {sorted_form} {header:NAME} {query:NAME} {form:NAME} {body:PATH} {item:PATH} {option:NAME}, the names under `texts`, and the placeholders of the signature's format. `?` after a name makes it empty where it is missing. Filters follow behind `|`: lower, upper, trim; md5, sha1, sha256, sha512 (raw bytes); crc32 (decimal); hex, base64, base64url.
   */
  signed?: string
  /**
   * Parts of the signed text that only an expression can say, by name: `{name}` in `signed`. They see the not yet verified request, `item` and `parts`; a header sent more than once is not seen.
   */
  texts?: {
    [k: string]: Expression
  }
  /**
   * Other templates that some senders sign instead; each is tried.
   *
   * @minItems 1
   * @maxItems 4
   */
  or_signed?: [string] | [string, string] | [string, string, string] | [string, string, string, string]
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
    /**
     * Other writings of the URL that are tried: as the WHATWG URL parser writes it, and with its query escaped anew.
     *
     * @minItems 1
     */
    also?: ['normalized' | 'requoted', ...('normalized' | 'requoted')[]]
  }
  /**
   * The time that is signed with the request.
   */
  timestamp?: {
    header?: HeaderName
    /**
     * Other names of the header. The first of `header` and these that the request has is read.
     *
     * @minItems 1
     */
    aliases?: [HeaderName, ...HeaderName[]]
    /**
     * The option that holds the name of the header.
     */
    header_option?: string
    query?: string
    form?: string
    body?: Expression
    part?: string
    /**
     * `s_or_ms`: 13 digits are milliseconds, fewer are seconds.
     */
    unit: 's' | 'ms' | 's_or_ms' | 'iso8601' | 'http_date'
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
    form?: string
    /**
     * A placeholder captured by the signature's format.
     */
    part?: string
    claim?: string
    digest: 'md5' | 'sha1' | 'sha256' | 'sha512'
    encoding: 'hex' | 'base64' | 'base64url'
    /**
     * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
     */
    when?: string
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
   * Claims that must be there, whatever they say: `exp` for a token that has to expire.
   *
   * @minItems 1
   */
  required_claims?: [string, ...string[]]
  /**
   * How old the token may be by its `iat`, which then must be there.
   */
  max_age?: string
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
 * Each connection has its own secret: that of the connections with this identifier is taken, or the integration's where there is none. The hint is not believed: only when the secret makes the signature is the request that connection's, and then it is of no other.
 */
export interface ConnectionHint {
  /**
   * Which identifier of the connection is compared.
   */
  field: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
   */
  equals: string
}
/**
 * A key that is fetched: from a URL that stands in the request, on pinned hosts only, or from the provider's API by key id. Fetched over https, without redirects, kept, and not asked for again within a pause.
 */
export interface FetchedKey {
  /**
   * A template of {key_id}, {option:NAME}; or `{expression: …}` over the not yet verified request, which needs `hosts`.
   */
  url:
    | string
    | {
        expression: Expression
      }
  /**
   * The only hosts that are ever asked.
   *
   * @minItems 1
   */
  hosts?: [HostPattern, ...HostPattern[]]
  /**
   * The form of the URL's path; `*` stands for anything but a slash.
   */
  path?: string
  authorization?: FetchAuthorization
  /**
   * Asked for by POST with this JSON body; its texts are templates, also of {key_id}.
   */
  post?: {
    [k: string]: Template
  }
  /**
   * Member of the JSON answer that holds the key; without it the answer is the key.
   */
  member?: string
  /**
   * What the key is: a public key (PEM, also on one line or in base64), an X.509 certificate (PEM; its dates are checked, and each certificate of a chain must have signed the one before it), a JWK, a JWK set, or the text of a secret, of which `key` makes the key.
   */
  as: 'pem' | 'certificate' | 'jwk' | 'jwks' | 'secret'
  /**
   * The common name of the certificate; `*` stands for one or more labels.
   */
  subject?: string
}
/**
 * How we authenticate: a bearer token, a user name and password, or a token that is first asked for with client credentials (RFC 6749 §4.4). All are names of secrets or templates.
 */
export interface FetchAuthorization {
  /**
   * The token, such as `{secret:api_key}`.
   */
  bearer?: string
  basic?: {
    username: Template
    password: Template
  }
  client_credentials?: {
    token_url: string
    client_id: Template
    client_secret: Template
    scope?: string
  }
}
/**
 * Where the id of the key stands, for `jwks` and for `{key_id}` in `fetched_key`. A JWT names its own in its head; a placeholder {key_id} of the signature's format is it without this clause.
 */
export interface ValuePlace {
  header?: HeaderName
  /**
   * Other names of the header. The first of `header` and these that the request has is read.
   *
   * @minItems 1
   */
  aliases?: [HeaderName, ...HeaderName[]]
  query?: string
  form?: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
   */
  body?: string
  /**
   * A placeholder captured by the signature's format.
   */
  part?: string
}
/**
 * How the configured secret becomes the bytes of the key, in this order: split, cut (`after`, `strip_prefix`), normalised, put into the template, suffix added, decoded, digested.
 */
export interface KeyRecipe {
  /**
   * The secret holds several keys with this between them; each is a live key.
   */
  split?: string
  /**
   * Only what follows the first of these counts: the key of `id:key`.
   */
  after?: string
  /**
   * Removed from the secret where it begins with it.
   */
  strip_prefix?: string
  /**
   * How a secret is read that lacks the prefix; like the others by default.
   */
  without_prefix?: 'utf8' | 'hex' | 'base64'
  /**
   * Added to the secret, such as `&`.
   */
  suffix?: string
  normalize?: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'
  /**
   * The text of the key, made of {secret}, {secret:NAME} and {option:NAME}. The other secrets' current values are taken.
   */
  template?: string
  /**
   * How the secret's text is read: as it is, decoded, or as a public key (PEM, bare DER in base64, raw bytes in hex). Base64 may also hold a whole PEM.
   */
  encoding?: 'utf8' | 'hex' | 'base64' | 'pem' | 'der'
  /**
   * The key is this digest of the decoded secret.
   */
  digest?: 'md5' | 'sha1' | 'sha256' | 'sha512'
  /**
   * The key is the digest's bytes, or its text in hex or base64.
   */
  digest_encoding?: 'raw' | 'hex' | 'base64'
  /**
   * Secrets that everybody knows, such as a test key of the documentation. They are no keys.
   *
   * @minItems 1
   */
  refuse?: [string, ...string[]]
}
/**
 * Where the signature stands and how it is written: exactly one of header, header_option, numbered_header, query, form, body, expression and whole_body.
 */
export interface SignatureSource {
  header?: HeaderName
  /**
   * Other names of the header. The first of `header` and these that the request has is read.
   *
   * @minItems 1
   */
  aliases?: [HeaderName, ...HeaderName[]]
  /**
   * The option that holds the name of the header, where the customer chooses it. Without that option the alternative does not apply.
   */
  header_option?: string
  /**
   * Beginning of numbered headers, one for each live key: `X-Signature-` reads X-Signature-1, X-Signature-2 … up to 100. Any of them may be the genuine one.
   */
  numbered_header?: string
  query?: string
  form?: string
  body?: Expression
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
   */
  expression?: string
  /**
   * The body itself is the token.
   */
  whole_body?: true
  /**
   * Text before the signature, such as `sha256=`.
   */
  prefix?: string
  /**
   * Whether the prefix may be missing.
   */
  prefix_optional?: boolean
  encoding?: 'hex' | 'base64' | 'base64url'
  /**
   * How a composite value is written: elements with placeholders, in any order, of which unknown ones are ignored. `{signature}` may stand several times in the value, with it a placeholder of the same element called `{key_id}`; every other placeholder once.
   */
  format?: string
  /**
   * What stands between the elements of the format.
   */
  separator?: string
  /**
   * What stands between complete sets of the format, each with its own timestamp. One set that is right is enough.
   */
  group_separator?: string
  /**
   * The value is a JSON object; placeholder to the member that it stands in. Needs `signature`.
   */
  json?: {
    [k: string]: string
  }
  /**
   * How the JSON text is encoded.
   */
  json_encoding?: 'none' | 'base64'
  /**
   * The value may stand there several times, as a repeated header or as a list in the body. Of signatures any may be the right one; of tokens all must be.
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
    [k: string]:
      | string
      | {
          /**
           * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
           */
          expression: string
        }
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
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
   */
  value?: string
}
export interface RefusalRule {
  /**
   * @minItems 1
   */
  codes: [string, ...string[]]
  answer: Answer1
}
export interface Answer1 {
  status?: number
  headers?: {
    [k: string]:
      | string
      | {
          /**
           * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
           */
          expression: string
        }
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
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
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
  token?: HandshakeToken
  otherwise?: Answer2
  capture?: Capture
  confirm?: Confirm
  answer: Answer1
}
/**
 * A token that the caller must know before the handshake is answered. Compared in constant time; a wrong one is refused.
 */
export interface HandshakeToken {
  secret: Identifier
  header?: HeaderName
  query?: string
  form?: string
  body?: Expression
}
/**
 * The answer to a wrong token; the one for refused requests by default.
 */
export interface Answer2 {
  status?: number
  headers?: {
    [k: string]:
      | string
      | {
          /**
           * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
           */
          expression: string
        }
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
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
   */
  value?: string
}
/**
 * A secret that the provider sends once, kept for the requests that follow.
 */
export interface Capture {
  /**
   * Name under which it is kept; declared under `secrets`.
   */
  secret: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
   */
  from: string
  /**
   * Whose secret it is: the integration's, or that of the one connection that `connection` finds.
   */
  scope?: 'integration' | 'connection'
  connection?: {
    field: string
    equals: Expression
  }
  /**
   * What becomes of a second one while there is a secret: `never` refuses the handshake, `when_unset` answers it and keeps the first. Nothing is ever overwritten in silence.
   */
  replace?: 'never' | 'when_unset'
}
/**
 * A URL that has to be visited to confirm, by one GET that goes through the guard of all outbound calls. Verified handshakes only.
 */
export interface Confirm {
  url: Expression
  /**
   * @minItems 1
   */
  hosts: [HostPattern, ...HostPattern[]]
}
/**
 * The events of a request.
 */
export interface EventRules {
  /**
   * The array whose items are the events; expressions see the item as `event`, its place as `position`. Below `[]`, `outer` is the list of the items around it, from the outside in; below `*`, `list` is the name of the member. Without `each` the whole body is the event.
   */
  each?: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
   */
  type: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
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
    unit: 's' | 'ms' | 's_or_ms' | 'iso8601' | 'http_date'
  }
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
   */
  skip?: string
}
export interface MatchRule {
  /**
   * Which identifier of the connection is compared.
   */
  field: string
  /**
   * A JSONata expression over `method`, `url`, `path`, `headers`, `query`, `body`, `raw`, `event`, `options` and `now`; at some places also over `item`, `parts`, `claims`, `jwk`, `outer`, `list` and `position`, as the clause says.
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
/**
 * Syncs by name: each keeps a cache of one model's records per connection.
 */
export interface SyncDeclarations {
  [k: string]: SyncDeclaration
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
    /**
     * What the provider's key URLs answer, by URL; for recorded signatures whose key is fetched.
     */
    documents?: {
      [k: string]: string
    }
    /**
     * Members that the published key has in this example beside the usual ones, such as endorsements.
     */
    jwk?: {}
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
    /**
     * The secrets that the handshake captured, by name.
     */
    captured?: {
      [k: string]: string
    }
    /**
     * The URL that is to be visited.
     */
    confirms?: string
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
    /**
     * What the events ask of syncs, in the order of events, syncs and connections; [] for nothing. Each has exactly one of run, fetch, upsert and delete.
     */
    syncs?: ExpectedTrigger[]
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
  /**
   * The connection's own secrets.
   */
  secrets?: {
    [k: string]: string | [string, ...string[]]
  }
}
export interface ExpectedTrigger {
  /**
   * The name of the sync.
   */
  sync: string
  /**
   * The id of the connection it works for.
   */
  connection: string
  /**
   * The sync runs.
   */
  run?: true
  /**
   * The ids of the objects that are asked for.
   *
   * @minItems 1
   */
  fetch?: [string, ...string[]]
  /**
   * The records that are written straight from the event.
   *
   * @minItems 1
   */
  upsert?: [{}, ...{}[]]
  /**
   * The ids of the records that are deleted.
   *
   * @minItems 1
   */
  delete?: [string, ...string[]]
  /**
   * Whether the result is forwarded to the app; false by default.
   */
  forward?: boolean
}
