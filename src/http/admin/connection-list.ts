/** `GET /connections` with the filters of the peer's clients, over the store's pages. */
import type { Context } from 'koa'
import type { Connection } from '../../domain/connection.ts'
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'
import type { ConnectionStore, Page } from '../../engine/ports.ts'
import { END_USER_TAGS } from './connection-shape.ts'
import { invalidInput } from './json-input.ts'
import { pageOf, readQuery, wholeNumberOf } from './query.ts'

/** A client that names no limit expects all connections; the peer stops at this many. */
const LIMIT = { default: 10_000, max: 10_000 }
const STORE_PAGE = 200
const PARAMETERS = [
  'connectionId',
  'search',
  'endUserId',
  'endUserOrganizationId',
  'integrationId',
  'tags',
  'limit',
  'page',
  'cursor',
]

/**
 * Newest first. `page` (from 0, as the peer counts) and `cursor` both lead on; the cursor is the cheaper. Several integrations and tags
 * are looked for in what the store gives, so a rare one costs a walk over all connections.
 */
export async function listConnections(ctx: Context, store: ConnectionStore): Promise<Page<Connection>> {
  const query = readQuery(ctx, PARAMETERS)
  const { limit, after } = pageOf(query, LIMIT)
  const pageNumber = wholeNumberOf(query, 'page', { default: 0, min: 0, max: 1_000_000 })
  if (pageNumber > 0 && after !== null)
    throw invalidInput('The query has both "page" and "cursor".', 'Send one of them.')

  const integrations =
    query
      .get('integrationId')
      ?.split(',')
      .map((key) => key.trim()) ?? []
  const connectionId = query.get('connectionId')
  const search = query.get('search')
  const filter = {
    ...(integrations.length === 1 ? { integration: integrations[0]! as IntegrationKey } : {}),
    ...(connectionId === undefined ? {} : { connectionId: connectionId as ConnectionId }),
    ...(search === undefined ? {} : { search }),
  }
  const isWanted = matcherOf(integrations, tagsOf(query))
  const found: Connection[] = []
  let skip = pageNumber * limit
  let cursor = after
  do {
    // Never asks for more than is needed, so that the store's cursor stands behind the last item that is given out.
    const wanted = Math.min(STORE_PAGE, skip > 0 ? skip : limit - found.length)
    const page = await store.listConnections(filter, { limit: wanted, after: cursor })
    for (const connection of page.items) {
      if (!isWanted(connection)) continue
      if (skip > 0) skip -= 1
      else found.push(connection)
    }
    cursor = page.nextCursor
  } while (cursor !== null && found.length < limit)
  return { items: found, nextCursor: cursor }
}

/** Tag filters: `tags[name]=value`, and those that the peer has parameters of their own for. */
function tagsOf(query: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const [name, value] of query) {
    const tag = /^tags\[(.+)\]$/.exec(name)?.[1]
    if (tag !== undefined) tags.set(tag.toLowerCase(), value)
  }
  const endUser = query.get('endUserId')
  const organization = query.get('endUserOrganizationId')
  if (endUser !== undefined) tags.set(END_USER_TAGS.id, endUser)
  if (organization !== undefined) tags.set(END_USER_TAGS.organizationId, organization)
  return tags
}

function matcherOf(
  integrations: readonly string[],
  tags: ReadonlyMap<string, string>,
): (connection: Connection) => boolean {
  return (connection) => {
    if (integrations.length > 1 && !integrations.includes(connection.integration)) return false
    if (tags.size === 0) return true
    const own = new Map(Object.entries(connection.tags).map(([name, value]) => [name.toLowerCase(), value]))
    return [...tags].every(([name, value]) => own.get(name) === value)
  }
}
