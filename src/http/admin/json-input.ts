/**
 * Bodies of API requests: JSON of at most 1 MB, in which integers beyond 2^53 become texts with their exact digits, since ids of
 * providers are matched digit by digit. Every complaint names the member and what it should be.
 */
import { isUtf8 } from 'node:buffer'
import type { Context } from 'koa'
import type { JsonObject, JsonValue } from '../../domain/connection.ts'
import { GatewayError } from '../../domain/errors.ts'
import { parseLossless } from '../../domain/json-text.ts'
import { suggest } from '../../domain/suggestion.ts'
import { readBody } from '../body.ts'

const MAX_BODY_BYTES = 1024 * 1024
const MAX_DEPTH = 32

/** Reads the body as an object that has none but these members. The content type is not looked at: there is only one. */
export async function readInput(ctx: Context, members: readonly string[]): Promise<Input> {
  const bytes = await readBody(ctx.req, ctx.res, MAX_BODY_BYTES)
  if (!isUtf8(bytes)) throw invalidInput('The body is not UTF-8.', 'Send JSON in UTF-8.')
  const parsed = parseLossless(bytes.toString('utf8'))
  if (!parsed.ok) throw invalidInput(`The body is ${parsed.detail}.`, 'Send a JSON object.')
  if (!isObject(parsed.value)) throw invalidInput('The body is not a JSON object.', 'Send an object: { … }.')
  checkDepth(parsed.value)
  for (const name of Object.keys(parsed.value)) {
    if (!members.includes(name))
      throw invalidInput(`The body has an unknown member "${name.slice(0, 100)}".`, suggest(name, members))
  }
  return new Input(parsed.value)
}

/** The members of a body, each read as what it should be; absent ones are undefined. */
export class Input {
  readonly #members: Readonly<Record<string, unknown>>

  constructor(members: Readonly<Record<string, unknown>>) {
    this.#members = members
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name) && this.#members[name] !== undefined
  }

  isNull(name: string): boolean {
    return this.has(name) && this.#members[name] === null
  }

  text(name: string, maxLength: number): string | undefined {
    if (!this.has(name)) return undefined
    const value = this.#members[name]
    if (typeof value !== 'string' || value === '' || value.length > maxLength) {
      throw invalidInput(`"${name}" must be a text of 1 to ${maxLength} characters, not ${kindOf(value)}.`)
    }
    return value
  }

  /** False when absent. */
  flag(name: string): boolean {
    const value = this.has(name) ? this.#members[name] : false
    if (typeof value !== 'boolean') throw invalidInput(`"${name}" must be true or false, not ${kindOf(value)}.`)
    return value
  }

  number(name: string, bounds: { min: number; max: number }): number | undefined {
    if (!this.has(name)) return undefined
    const value = this.#members[name]
    if (typeof value === 'number' && value >= bounds.min && value <= bounds.max) return value
    throw invalidInput(`"${name}" must be a number from ${bounds.min} to ${bounds.max}, not ${kindOf(value)}.`)
  }

  requiredText(name: string, maxLength: number): string {
    const value = this.text(name, maxLength)
    if (value === undefined) throw invalidInput(`The body has no "${name}".`, `Add "${name}": a text.`)
    return value
  }

  object(name: string): JsonObject | undefined {
    if (!this.has(name)) return undefined
    const value = this.#members[name]
    if (!isObject(value)) throw invalidInput(`"${name}" must be an object, not ${kindOf(value)}.`)
    return value as JsonObject
  }

  /** An object that has none but these members, to be read in turn. */
  options(name: string, members: readonly string[]): Input | undefined {
    const value = this.object(name)
    if (value === undefined) return undefined
    for (const member of Object.keys(value)) {
      if (!members.includes(member))
        throw invalidInput(`"${name}" has an unknown member "${member.slice(0, 100)}".`, suggest(member, members))
    }
    return new Input(value)
  }

  /** One text or a list of them. */
  texts(name: string, maxLength: number, maxCount: number): readonly string[] {
    const value = this.#members[name]
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    const isRight =
      list.length > 0 &&
      list.length <= maxCount &&
      list.every((one) => typeof one === 'string' && one !== '' && one.length <= maxLength)
    if (!isRight) throw invalidInput(`"${name}" must be a text or a list of 1 to ${maxCount} texts.`)
    return list as readonly string[]
  }

  /** A list of anything. */
  list(name: string, maxCount: number): readonly unknown[] | undefined {
    if (!this.has(name)) return undefined
    const value = this.#members[name]
    if (!Array.isArray(value)) throw invalidInput(`"${name}" must be a list, not ${kindOf(value)}.`)
    if (value.length > maxCount) throw invalidInput(`"${name}" has ${value.length} items, more than ${maxCount}.`)
    return value
  }

  /** Names with texts. */
  tags(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.object(name)
    if (value === undefined) return undefined
    const entries = Object.entries(value)
    if (entries.length > 64) throw invalidInput(`"${name}" has ${entries.length} entries, more than 64.`)
    for (const [key, one] of entries) {
      if (key === '' || key.length > 64) throw invalidInput(`The names in "${name}" must have 1 to 64 characters.`)
      if (typeof one !== 'string' || one.length > 255)
        throw invalidInput(`"${name}.${key}" must be a text of at most 255 characters, not ${kindOf(one)}.`)
    }
    return value as Record<string, string>
  }

  /** An absolute http(s) URL without credentials, or null. */
  url(name: string): string | null | undefined {
    if (this.isNull(name)) return null
    const text = this.text(name, 2_048)
    if (text === undefined) return undefined
    const url = URL.canParse(text) ? new URL(text) : null
    if (url === null || !/^https?:$/.test(url.protocol))
      throw invalidInput(`"${name}" is not a URL.`, 'Write it like https://app.example.com/webhooks.')
    if (url.username !== '' || url.password !== '')
      throw invalidInput(`"${name}" holds a user name or password.`, 'Leave them out.')
    return text
  }
}

export function invalidInput(message: string, hint?: string | null): GatewayError {
  return new GatewayError({
    code: 'api_invalid_input',
    message,
    ...(hint === undefined || hint === null ? {} : { hint }),
  })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Refuses what is nested beyond any sense, and the one name that means something to JavaScript itself. */
function checkDepth(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH) throw invalidInput(`The body nests deeper than ${MAX_DEPTH} levels.`, 'Send it flatter.')
  if (Object.hasOwn(value, '__proto__'))
    throw invalidInput('The body has a member "__proto__".', 'Choose another name.')
  for (const item of Object.values(value as Record<string, JsonValue>)) checkDepth(item, depth + 1)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value === '') return 'an empty text'
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'a text' : `a ${typeof value}`
}
