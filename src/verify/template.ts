/**
 * Texts made of secrets and options: the key of `id&secret`, the URL and the credentials with which a key is fetched. Everything that
 * fills a hole is the operator's, or was looked at before it came here; a hole that nothing fills makes no text.
 *
 *     "{option:client_id}&{secret}"   options { client_id: "my-app" }, secret "s3cret" → "my-app&s3cret"
 */
import type { Secret } from '../domain/secret.ts'

export interface TemplateValues {
  /** `{secret}` and `{key_id}`, where the clause has them. */
  readonly own?: Readonly<Record<string, string>>
  readonly secrets: (name: string) => readonly Secret[]
  readonly options: Readonly<Record<string, string>>
}

export interface Template {
  /** Secrets that it names. */
  readonly secretNames: readonly string[]
  /** Undefined when something in it is not configured. */
  render(values: TemplateValues): string | undefined
}

/** A string tells what is wrong. `own` are the placeholders beside {secret:NAME} and {option:NAME}. */
export function compileTemplate(source: string, own: readonly string[]): Template | string {
  const tokens = source.split(/\{((?:secret|option):[a-z][a-z0-9_]*|[a-z][a-z0-9_]*)\}/)
  for (const [at, token] of tokens.entries()) {
    if (at % 2 === 0 ? /[{}]/.test(token) : !token.includes(':') && !own.includes(token)) {
      return `"${token}" stands for nothing in "${source}"`
    }
  }
  const holes = tokens.filter((_, at) => at % 2 === 1)
  return {
    secretNames: holes.filter((hole) => hole.startsWith('secret:')).map((hole) => hole.slice('secret:'.length)),
    render(values) {
      let text = ''
      for (const [at, token] of tokens.entries()) {
        const value = at % 2 === 0 ? token : valueOf(token, values)
        if (value === undefined || (at % 2 === 1 && value === '')) return undefined
        text += value
      }
      return text
    },
  }
}

function valueOf(hole: string, { own = {}, secrets, options }: TemplateValues): string | undefined {
  if (hole.startsWith('secret:')) return secrets(hole.slice('secret:'.length))[0]?.reveal()
  const name = hole.startsWith('option:') ? hole.slice('option:'.length) : hole
  const from = hole.startsWith('option:') ? options : own
  return Object.hasOwn(from, name) ? from[name] : undefined
}
