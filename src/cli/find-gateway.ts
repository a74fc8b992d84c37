/**
 * What the configuration on this machine says of the gateway: where it listens, which key its API wants, what it signs with. Where
 * nothing is configured, the secrets that the gateway made for itself in its data directory take their place; they are only read
 * here, and what no gateway has made yet stays unmade.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type InstanceSecrets, openInstanceSecrets } from '../config/instance-secrets.ts'
import { loadConfig } from '../config/load.ts'
import type { ResolvedConfig } from '../config/resolved-config.ts'
import { GatewayError } from '../domain/errors.ts'
import { type Finding, describeFinding } from '../domain/finding.ts'
import type { Secret } from '../domain/secret.ts'
import type { ConfigOptions } from './command.ts'
import type { CliIo } from './io.ts'

/** The configuration in force. Throws `config_invalid` with every error it has. */
export function readConfig(
  options: ConfigOptions,
  io: CliIo,
): { config: ResolvedConfig; findings: readonly Finding[] } {
  const { config, findings } = loadConfig({ argument: options.config, env: io.env, workingDirectory: io.cwd })
  if (config === null) throw invalidConfig(findings)
  return { config, findings }
}

export function invalidConfig(findings: readonly Finding[]): GatewayError {
  const errors = findings.filter((finding) => finding.severity === 'error')
  return new GatewayError({
    code: 'config_invalid',
    message: `The configuration cannot be used:\n${errors.map((finding) => `  ${describeFinding(finding)}`).join('\n')}`,
    details: { findings: errors },
  })
}

/** Where the gateway of this configuration is, and the key to its API. */
export function findGateway(options: ConfigOptions, io: CliIo): { url: string | null; apiKey: string } {
  const { config } = readConfig(options, io)
  const key = config.apiKeys[0] ?? readInstanceSecrets(config).apiKey
  return { url: localUrl(config), apiKey: key.reveal() }
}

/** All that may have signed a forward. */
export function findSigningSecrets(options: ConfigOptions, io: CliIo): readonly Secret[] {
  const { config } = readConfig(options, io)
  return config.signingSecrets.length > 0 ? config.signingSecrets : [readInstanceSecrets(config).signingSecret]
}

/** Where the gateway keeps what it made for itself. */
export function instanceFile(config: ResolvedConfig): string {
  return join(config.dataDirectory, 'instance.json')
}

/** Throws `gateway_unreachable` where no gateway has ever run with this configuration. */
export function readInstanceSecrets(config: ResolvedConfig): InstanceSecrets {
  if (!existsSync(instanceFile(config))) {
    throw new GatewayError({
      code: 'gateway_unreachable',
      message: `No gateway has run here yet: there is no ${instanceFile(config)}.`,
      hint: 'Start one with: postern serve. If it runs elsewhere, give --config, or --url with --api-key.',
      details: { directory: config.dataDirectory },
    })
  }
  return openInstanceSecrets({ directory: config.dataDirectory, randomBytes }).secrets
}

/** The address to call from this machine; null where the port is only known to the running gateway. */
export function localUrl({ server: { host, port } }: ResolvedConfig): string | null {
  if (port === 0) return null
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
