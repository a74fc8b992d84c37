/** Kept secrets on their way to the writer: rare, so one JSON text each; the sealed bytes go as base64. */
import type { KeptSecret, SecretStore } from '../../../engine/keyring/ports.ts'
import type { Command, TapeReader } from '../tape.ts'

/** As a row: no connection is the empty text. */
export interface SecretRow {
  readonly integration: string
  readonly connection_id: string
  readonly name: string
  readonly position: number
  /** base64 */
  readonly sealed: string
  readonly source: KeptSecret['source']
  readonly created_at: number
}

export type SecretCommand =
  | { readonly verb: 'keep'; readonly row: SecretRow }
  | {
      readonly verb: 'replace'
      readonly integration: string
      readonly connectionId: string
      readonly names: readonly string[]
      readonly rows: readonly SecretRow[]
    }
  | { readonly verb: 'delete'; readonly integration: string; readonly connectionId: string; readonly name: string }

export function keepSecret(secret: KeptSecret): Command {
  return write({ verb: 'keep', row: rowOf(secret) })
}

export function replaceSecrets({
  integration,
  connectionId,
  names,
  secrets,
}: Parameters<SecretStore['replaceConnectionSecrets']>[0]): Command {
  return write({ verb: 'replace', integration, connectionId, names, rows: secrets.map(rowOf) })
}

export function deleteSecrets({
  integration,
  connectionId,
  name,
}: Parameters<SecretStore['deleteSecrets']>[0]): Command {
  return write({ verb: 'delete', integration, connectionId: connectionId ?? '', name })
}

export function readSecretCommand(tape: TapeReader): SecretCommand {
  return JSON.parse(tape.text()) as SecretCommand
}

function write(command: SecretCommand): Command {
  return { kind: 'secret', values: [JSON.stringify(command)], blobs: [] }
}

function rowOf(secret: KeptSecret): SecretRow {
  return {
    integration: secret.integration,
    connection_id: secret.connectionId ?? '',
    name: secret.name,
    position: secret.position,
    sealed: Buffer.from(secret.sealed).toString('base64'),
    source: secret.source,
    created_at: secret.createdAt,
  }
}
