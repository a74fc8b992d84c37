/** What a person reads who has just started the gateway: where things are, and what to do next. */
import { relative } from 'node:path'
import type { ResolvedConfig } from '../config/resolved-config.ts'
import type { Settings } from '../engine/settings.ts'

export function startLines(input: {
  url: string
  config: ResolvedConfig
  settings: Settings
  instanceFile: string
  isNewInstance: boolean
}): string[] {
  const { url, config, settings, instanceFile, isNewInstance } = input
  const shown = (path: string): string => {
    const short = relative(process.cwd(), path)
    return short === '' || short.startsWith('..') ? path : `./${short}`
  }
  const usesInstance = config.apiKeys.length === 0 || config.signingSecrets.length === 0
  const lines = [
    `Postern listens on ${url}`,
    '',
    `  Webhooks   ${config.server.publicUrl ?? url}/webhook/{integration}`,
    `  API        ${url}/api/v1/requests, ${url}/connections`,
    `  Data       ${shown(config.storage.file)}`,
  ]
  if (usesInstance) {
    const what = isNewInstance ? 'generated just now, readable by you alone' : 'readable by you alone'
    lines.push(`  Keys       ${shown(instanceFile)} (API key, signing secret; ${what})`)
  }
  const destinations = [...settings.destinations.values()]
  const where = destinations.map((one) => `${one.name} ${one.url}`).join(', ')
  lines.push(`  Forwards   ${where === '' ? 'nowhere yet: events are verified and kept' : where}`, '')
  if (config.isEmbeddedDefault) {
    const [first] = settings.integrations.keys()
    lines.push(
      `No postern.yaml here, so this is a trial: ${settings.integrations.size} built-in providers, each under its own name, with made-up secrets.`,
      '',
      'Send a first event:     npx postern trigger github --connect',
      'See what became of it:  npx postern requests',
    )
    if (destinations.length === 0)
      lines.push('Forward to your app:    POSTERN_FORWARD_URL=http://127.0.0.1:3000/webhooks npm start')
    if (first === undefined) lines.splice(-3)
  } else if (settings.integrations.size === 0) {
    lines.push('No integration is configured: add one under integrations: in the configuration.')
  } else {
    lines.push("Each integration's URL, and what is missing:  npx postern doctor")
  }
  return lines
}
