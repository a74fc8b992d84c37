/** Shows the configuration in force: each value and where it came from. Secrets were masked when it was resolved. */
import type { ResolvedConfig } from './resolved-config.ts'

/** One line per value: `server.port = 8080  # default`. */
export function printConfig(config: ResolvedConfig): string {
  const lines = config.entries.map(({ path, value, origin }) => ({
    text: `${path} = ${JSON.stringify(value)}`,
    origin,
  }))
  const width = Math.min(60, Math.max(0, ...lines.map(({ text }) => text.length)))
  return lines.map(({ text, origin }) => `${text.padEnd(width)}  # ${origin}\n`).join('')
}

/** The same as one JSON document. */
export function printConfigJson(config: ResolvedConfig): string {
  const { file, isEmbeddedDefault, entries } = config
  return `${JSON.stringify({ file, embedded_default: isEmbeddedDefault, values: entries }, null, 2)}\n`
}
