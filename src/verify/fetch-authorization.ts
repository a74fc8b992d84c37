/**
 * How we show who we are when a key is fetched from a provider's API: a bearer token, a user name and password, or a token that is
 * asked for with client credentials (RFC 6749 §4.4) and used until it expires.
 */
import type { Alternative, FetchAuthorization } from '../domain/provider-spec.gen.ts'
import { isObject } from './data-path.ts'
import { invalidClause, type Refusal, refuse } from './scheme.ts'
import { basicCredentials } from './schemes/basic.ts'
import { compileTemplate, type Template, type TemplateValues } from './template.ts'
import type { DocumentRequest, VerifyContext } from './verifier.ts'

/** Exactly one of these, or none. */
export interface Authorization {
  readonly bearer?: Template | undefined
  readonly basic?: Credentials | undefined
  readonly client?: (Credentials & { readonly tokenUrl: string; readonly scope: string | undefined }) | undefined
  readonly templates: readonly Template[]
}

interface Credentials {
  readonly username: Template
  readonly password: Template
}

/** A token is not used in the last minute of its life. */
const MARGIN_MS = 60_000

export function compileAuthorization(alternative: Alternative, clause: FetchAuthorization | undefined): Authorization {
  const templates: Template[] = []
  const compile = (source: string): Template => {
    const template = compileTemplate(source, [])
    if (typeof template === 'string') throw invalidClause(alternative, 'fetched_key', template)
    templates.push(template)
    return template
  }
  const { bearer, basic, client_credentials: client } = clause ?? {}
  return {
    templates,
    bearer: bearer === undefined ? undefined : compile(bearer),
    basic: basic === undefined ? undefined : { username: compile(basic.username), password: compile(basic.password) },
    client:
      client === undefined
        ? undefined
        : {
            username: compile(client.client_id),
            password: compile(client.client_secret),
            tokenUrl: client.token_url,
            scope: client.scope,
          },
  }
}

/** The value of the authorization header; undefined where the clause has none. Rejects when a token cannot be had. */
export async function authorize(
  { bearer, basic, client }: Authorization,
  values: TemplateValues,
  context: VerifyContext,
): Promise<string | undefined | Refusal> {
  if (bearer !== undefined) {
    const token = bearer.render(values)
    return token === undefined ? MISSING : `Bearer ${token}`
  }
  const pair = basic ?? client
  if (pair === undefined) return undefined
  const username = pair.username.render(values)
  const password = pair.password.render(values)
  if (username === undefined || password === undefined) return MISSING
  const credentials = basicCredentials(username, password)
  if (client === undefined) return credentials
  return `Bearer ${await accessToken(client.tokenUrl, client.scope, credentials, context)}`
}

const MISSING = refuse('key_unavailable', 'The credentials for fetching the key are not configured.')

async function accessToken(
  url: string,
  scope: string | undefined,
  authorization: string,
  { keySets, now }: VerifyContext,
): Promise<string> {
  if (keySets.document === undefined) throw new Error('no documents can be fetched here')
  const text = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope === undefined ? {} : { scope }),
  }).toString()
  const asked: DocumentRequest = {
    url,
    accept: 'application/json',
    authorization,
    body: { contentType: 'application/x-www-form-urlencoded', text },
  }
  let document = await keySets.document(asked)
  let token = readToken(document.text)
  if (token.lifetimeMs !== undefined && now - document.fetchedAt > token.lifetimeMs - MARGIN_MS) {
    document = await keySets.document(asked, { refresh: true })
    token = readToken(document.text)
  }
  return token.text
}

/** RFC 6749 §5.1 */
function readToken(text: string): { readonly text: string; readonly lifetimeMs: number | undefined } {
  const answer: unknown = JSON.parse(text)
  const token = isObject(answer) ? answer['access_token'] : undefined
  const lifetime = isObject(answer) ? Number(answer['expires_in']) : Number.NaN
  // Letters, digits and signs of RFC 6750 §2.1, so that nothing else gets into a header.
  if (typeof token !== 'string' || !/^[A-Za-z0-9\-._~+/#^|!%]+=*$/.test(token))
    throw new Error('the answer holds no access token')
  return { text: token, lifetimeMs: Number.isFinite(lifetime) ? lifetime * 1_000 : undefined }
}
