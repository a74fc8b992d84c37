/** Walking down parsed JSON by member names. Only the data's own members are seen, never a prototype's. */

/** What stands at a path as clauses name a batch, `body.value` or `body` itself; undefined where a member is missing. */
export function readDataPath(body: unknown, path: string): unknown {
  return readMember(body, path.split('.').slice(1))
}

/** What stands below these names; undefined where one is missing. */
export function readMember(value: unknown, names: readonly string[]): unknown {
  let found = value
  for (const name of names) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined
    found = found[name]
  }
  return found
}

/** Whether this is a JSON object or array, so that it has members by name. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
