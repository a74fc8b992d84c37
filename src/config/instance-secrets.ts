/**
 * The secrets that one installation makes for itself, so that it can start without any: they are kept in `instance.json` in the data
 * directory, readable for the user of the gateway alone, and stay the same for as long as that file does.
 */
import {
  closeSync,
  chmodSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'

export interface InstanceSecrets {
  /** Bearer key of the API where none is configured. */
  readonly apiKey: Secret
  /** `whsec_` and 32 bytes in base64, as Standard Webhooks writes them. */
  readonly signingSecret: Secret
  /** For what is encrypted at rest where no key is configured. */
  readonly encryptionKey: Secret
  /** From which ingress tokens and the secrets of the trial are derived. */
  readonly instanceKey: Secret
}

export interface InstanceReading {
  readonly secrets: InstanceSecrets
  readonly file: string
  readonly isNew: boolean
  /** Others could read the file; its mode has been set right. */
  readonly wasExposed: boolean
}

const FILE_NAME = 'instance.json'
const VERSION = 1
const MEMBERS = ['api_key', 'signing_secret', 'encryption_key', 'instance_key'] as const
type Member = (typeof MEMBERS)[number]

/**
 * Reads the secrets of the data directory, making directory and file where they are missing. Two processes that start at once come to
 * the same secrets. Throws `config_unreadable` where the directory cannot be used, or the file has been damaged: making new secrets
 * in its place would lose whatever the old ones encrypted.
 */
export function openInstanceSecrets(input: {
  directory: string
  randomBytes: (size: number) => Buffer
}): InstanceReading {
  const { directory, randomBytes } = input
  const file = join(directory, FILE_NAME)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const existing = readMembers(file)
    if (existing === null) {
      const isOurs = createFile(
        file,
        Object.fromEntries(MEMBERS.map((member) => [member, makeSecret(member, randomBytes)])),
      )
      // Another process may have been quicker; then its secrets count.
      const members = readMembers(file)
      if (members === null) throw new Error(`${file} vanished while it was being made`)
      return { secrets: wrap(members), file, isNew: isOurs, wasExposed: false }
    }
    return { secrets: wrap(existing), file, isNew: false, wasExposed: closeToOthers(file) }
  } catch (error) {
    if (error instanceof GatewayError) throw error
    throw new GatewayError({
      code: 'config_unreadable',
      message: `The data directory ${directory} cannot be used (${reasonOf(error)}).`,
      hint: 'Make it writable for the user of the gateway, or name another one with POSTERN_DATA_DIR.',
      details: { directory },
      cause: error,
    })
  }
}

function makeSecret(member: Member, randomBytes: (size: number) => Buffer): string {
  const bytes = randomBytes(32)
  if (member === 'api_key') return `pst_${bytes.toString('base64url')}`
  return `${member === 'signing_secret' ? 'whsec_' : ''}${bytes.toString('base64')}`
}

/** Null where there is no file. */
function readMembers(file: string): Record<Member, string> | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
  const data = parse(text)
  const members = Object.fromEntries(MEMBERS.map((member) => [member, data[member]])) as Record<Member, unknown>
  if (
    data.version !== VERSION ||
    MEMBERS.some((member) => typeof members[member] !== 'string' || members[member].length < 32)
  ) {
    throw new GatewayError({
      code: 'config_unreadable',
      message: `${file} is damaged or from another version: it does not hold the secrets of this instance.`,
      hint: 'Restore it from a backup. Only if nothing in the database matters any more, remove it; new secrets are then made.',
      details: { file },
    })
  }
  return members as Record<Member, string>
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const data: unknown = JSON.parse(text)
    return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

/**
 * Writes the file whole or not at all, and never over one that has appeared meanwhile: the text is put under another name, synced, and
 * linked to its own. False when the name was taken.
 */
function createFile(file: string, members: Readonly<Record<string, string>>): boolean {
  const draft = `${file}.${process.pid}.new`
  const text = `${JSON.stringify({ version: VERSION, ...members }, null, 2)}\n`
  rmSync(draft, { force: true })
  const handle = openSync(draft, 'wx', 0o600)
  try {
    fchmodSync(handle, 0o600)
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(draft, file)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    // File systems without hard links (some network and desktop ones): a rename is whole too, but the last of two wins.
    renameSync(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
  return true
}

/** Takes the file away from everybody else; says whether they had it. On Windows modes say nothing. */
function closeToOthers(file: string): boolean {
  if (process.platform === 'win32' || (statSync(file).mode & 0o077) === 0) return false
  chmodSync(file, 0o600)
  return true
}

function wrap(members: Record<Member, string>): InstanceSecrets {
  return {
    apiKey: new Secret(members.api_key),
    signingSecret: new Secret(members.signing_secret),
    encryptionKey: new Secret(members.encryption_key),
    instanceKey: new Secret(members.instance_key),
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function reasonOf(error: unknown): string {
  return codeOf(error) ?? (error instanceof Error ? error.message : String(error))
}
