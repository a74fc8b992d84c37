/** Changes of connections on their way to the writer. Members that a change leaves alone are marked absent. */
import type { ConnectionChange, ConnectionInput } from '../../../engine/ports.ts'
import { type Command, type TapeReader, type TapeValue, wholeMs } from '../tape.ts'

export interface ConnectionValues {
  readonly provider: string
  readonly webhookUrlOverride: string | null
  readonly connectionConfig: string
  readonly metadata: string
  readonly tags: string
  readonly credentials: Uint8Array | null
}

export interface ConnectionCommand<Values> {
  readonly connectionId: string
  readonly integration: string
  readonly now: number
  readonly values: Values
}

const ABSENT = 0
const PRESENT = 1

export function writePutConnection(input: ConnectionInput, now: number): Command {
  const values = [
    input.connectionId,
    input.integration,
    wholeMs(now),
    input.provider,
    input.webhookUrlOverride,
    JSON.stringify(input.connectionConfig),
    JSON.stringify(input.metadata),
    JSON.stringify(input.tags),
    input.credentials === null ? null : input.credentials.length,
  ]
  return { kind: 'put_connection', values, blobs: input.credentials === null ? [] : [input.credentials] }
}

export function readPutConnection(tape: TapeReader): ConnectionCommand<ConnectionValues> {
  return {
    connectionId: tape.text(),
    integration: tape.text(),
    now: tape.number(),
    values: {
      provider: tape.text(),
      webhookUrlOverride: tape.textOrNull(),
      connectionConfig: tape.text(),
      metadata: tape.text(),
      tags: tape.text(),
      credentials: readBytes(tape),
    },
  }
}

export function writeChangeConnection(key: readonly [string, string], change: ConnectionChange, now: number): Command {
  const { connectionConfig, metadata, tags, webhookUrlOverride, credentials } = change
  const values: TapeValue[] = [...key, wholeMs(now)]
  for (const json of [connectionConfig, metadata, tags]) values.push(json === undefined ? null : JSON.stringify(json))
  if (webhookUrlOverride === undefined) values.push(ABSENT)
  else values.push(PRESENT, webhookUrlOverride)
  if (credentials === undefined) values.push(ABSENT)
  else values.push(PRESENT, credentials === null ? null : credentials.length)
  return { kind: 'change_connection', values, blobs: credentials == null ? [] : [credentials] }
}

export function readChangeConnection(tape: TapeReader): ConnectionCommand<Partial<ConnectionValues>> {
  const connectionId = tape.text()
  const integration = tape.text()
  const now = tape.number()
  const connectionConfig = tape.textOrNull()
  const metadata = tape.textOrNull()
  const tags = tape.textOrNull()
  const values = {
    ...(connectionConfig !== null && { connectionConfig }),
    ...(metadata !== null && { metadata }),
    ...(tags !== null && { tags }),
    ...(tape.number() === PRESENT && { webhookUrlOverride: tape.textOrNull() }),
    ...(tape.number() === PRESENT && { credentials: readBytes(tape) }),
  }
  return { connectionId, integration, now, values }
}

export function writeDeleteConnection(integration: string, connectionId: string): Command {
  return { kind: 'delete_connection', values: [connectionId, integration], blobs: [] }
}

function readBytes(tape: TapeReader): Uint8Array | null {
  const length = tape.numberOrNull()
  return length === null ? null : tape.bytes(length)
}
