/**
 * The store on SQLite: one file, one writer's thread that commits in groups, one read-only connection on the gateway's thread.
 *
 * - What resolves is on disk (WAL, synchronous=FULL). Nothing is stored of what rejects, unless the writer's thread died with it.
 * - Writes cross to the writer, see group-queue.ts and writer/; reads are made here at once, see reader/.
 * - A reader sees every write that has resolved.
 */
import type { Store } from '../../engine/ports.ts'
import type { SyncStore } from '../../engine/sync/ports/sync-store.ts'
import { writeAcceptance } from './commands/acceptance.ts'
import { writeChangeConnection, writeDeleteConnection, writePutConnection } from './commands/connection.ts'
import {
  type ClaimAnswer,
  claimedDeliveries,
  writeAttempt,
  writeCancel,
  writeClaim,
  writeKeepOrder,
  writeProbe,
  writeRelease,
  writeReplay,
  writeReturn,
  writeShift,
} from './commands/delivery.ts'
import { writeHandshake, writeRefusal } from './commands/request.ts'
import { deleteSecrets, keepSecret, replaceSecrets } from './commands/secret.ts'
import { writeUpkeep } from './commands/upkeep.ts'
import { prepareDatabaseFile } from './database-file.ts'
import { acquireGatewayLock, type GatewayLock } from './gateway-lock.ts'
import { findConnections, getConnection, listConnections } from './reader/connection-directory.ts'
import { countByDestination, listBlocked, listPauses, oldestDue } from './reader/destinations.ts'
import { getDelivery, getEvent, getRequest, listDeliveries, listEvents, listRequests, stats } from './reader/log.ts'
import { nextDueTimes } from './reader/queue.ts'
import { ReadConnection } from './reader/read-connection.ts'
import { findConnectionSecrets, listSecrets } from './reader/secrets.ts'
import { getReplay, listReplays } from './reader/replays.ts'
import { receiptOf } from './receipt.ts'
import { syncStoreOver } from './sync/sync-store.ts'
import { type ReportProblem, WriterClient } from './writer-client.ts'
import { type StartWriterThread, startWriterThread } from './writer-thread.ts'

export interface SqliteStoreOptions {
  /** The database file. Its directory is created when missing; beside it stand `-wal`, `-shm` and `.lock`. */
  readonly path: string
  readonly now: () => number
  /** How long a write waits for another program that holds the database locked; default 3 s. */
  readonly busyTimeoutMs?: number
  /** Bound on the memory of writes that wait; beyond it requests are refused with `store_overloaded`. */
  readonly maxPendingBytes: number
  /** Bound on the database file; beyond it the store behaves as on a full disk. Default: the disk. */
  readonly maxFileBytes?: number
  /** Told of turns in the store's health, for the log. */
  readonly onProblem: ReportProblem
  /** Another way to start the writer, for tests that let it die. */
  readonly startThread?: StartWriterThread
}

const DEFAULT_BUSY_TIMEOUT_MS = 3_000

/**
 * Opens the store, creating and migrating the file as needed. Rejects with `store_unavailable` when another gateway has it open or
 * the file cannot be written, with `store_unsupported` when it is of a newer version; then nothing is left open.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store & SyncStore> {
  const { path, now, maxPendingBytes, onProblem } = options
  prepareDatabaseFile(path)
  const lock = acquireGatewayLock(path)
  let client: WriterClient | null = null
  try {
    client = await WriterClient.open({
      writer: {
        path,
        busyTimeoutMs: options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS,
        maxFileBytes: options.maxFileBytes ?? null,
      },
      now,
      maxPendingBytes,
      onProblem,
      startThread: options.startThread ?? startWriterThread,
    })
    return storeOver({ client, reader: new ReadConnection(path), now, lock })
  } catch (error) {
    await client?.close()
    lock.release()
    throw error
  }
}

function storeOver(parts: {
  client: WriterClient
  reader: ReadConnection
  now: () => number
  lock: GatewayLock
}): Store & SyncStore {
  const { client, reader, now } = parts
  let closing: Promise<void> | null = null

  const close = async (): Promise<void> => {
    reader.close() // first, so that the writer is the last to leave and takes the WAL with it
    await client.close()
    parts.lock.release()
  }

  return {
    ...syncStoreOver(parts),

    assertRoom: (bytes) => client.assertRoom(bytes),
    async acceptRequest(acceptance) {
      const command = writeAcceptance(acceptance)
      return receiptOf(acceptance, await client.submit<readonly number[] | null>(command, 'bounded'))
    },
    recordRefusal: (refusal) => client.offer(writeRefusal(refusal)),
    recordHandshake: (handshake) => client.offer(writeHandshake(handshake)),

    findConnections: (query, limit) => findConnections(reader, query, limit),

    async claimDueDeliveries(claim) {
      return claimedDeliveries(await client.submit<ClaimAnswer>(writeClaim(claim), 'always'))
    },
    nextDueTimes: async () => nextDueTimes(reader),
    recordAttempt: async (attempt) => client.submit(writeAttempt(attempt), 'always'),
    releaseLeases: async (release) => client.submit(writeRelease(release.now), 'always'),
    shiftDueTimes: async (shift) => client.submit(writeShift(shift), 'always'),
    replayDelivery: async (replay) => client.submit(writeReplay(replay), 'bounded'),
    returnDeliveries: async (request) => client.submit(writeReturn(request), 'always'),
    cancelDelivery: async (request) => client.submit(writeCancel(request), 'bounded'),
    keepOrderOf: async (request) => client.submit(writeKeepOrder(request), 'always'),

    pauseDestination: async (request) => client.submit(writeUpkeep('pause', request), 'bounded'),
    resumeDestination: async (destination) => client.submit(writeUpkeep('resume', destination), 'bounded'),
    listPauses: async () => listPauses(reader),
    countByDestination: async () => countByDestination(reader),
    oldestDue: async (destination) => oldestDue(reader, destination),
    listBlocked: async (destination, page) => listBlocked(reader, destination, page),

    async putReplay(replay) {
      await client.submit(writeUpkeep('put_replay', replay), 'bounded')
    },
    getReplay: async (id) => getReplay(reader, id),
    listReplays: async (filter) => listReplays(reader, filter),
    replayBatch: async (request) => client.submit(writeUpkeep('replay_batch', request), 'bounded'),

    deleteRequests: async (request) => client.submit(writeUpkeep('delete_requests', request), 'bounded'),
    deleteAttempts: async (request) => client.submit(writeUpkeep('delete_attempts', request), 'bounded'),
    expireHeld: async (request) => client.submit(writeUpkeep('expire_held', request), 'bounded'),
    shrink: async (request) => client.submit(writeUpkeep('shrink', request), 'bounded'),

    putConnection: async (input, at) => client.submit(writePutConnection(input, at), 'bounded'),
    getConnection: async (integration, id) => getConnection(reader, integration, id),
    changeConnection: async (integration, id, change, at) => {
      return client.submit(writeChangeConnection([id, integration], change, at), 'bounded')
    },
    deleteConnection: async (integration, id) => client.submit(writeDeleteConnection(integration, id), 'bounded'),
    listConnections: (filter, page) => listConnections(reader, filter, page),

    keepCapturedSecret: async (secret) => client.submit(keepSecret(secret), 'bounded'),
    async replaceConnectionSecrets(request) {
      await client.submit(replaceSecrets(request), 'bounded')
    },
    deleteSecrets: async (request) => client.submit(deleteSecrets(request), 'bounded'),
    listSecrets: async (integration) => listSecrets(reader, integration),
    findConnectionSecrets: (query, name, limit) => findConnectionSecrets(reader, query, name, limit),

    listRequests: (filter, page) => listRequests(reader, filter, page),
    getRequest: async (id) => getRequest(reader, id),
    listEvents: (filter, page) => listEvents(reader, filter, page),
    getEvent: async (id) => getEvent(reader, id),
    listDeliveries: (filter, page) => listDeliveries(reader, filter, page),
    getDelivery: async (id) => getDelivery(reader, id),
    stats: async () => stats(reader),

    async check() {
      try {
        await client.submit(writeProbe(now()), 'always')
        return { ok: true }
      } catch (error) {
        return { ok: false, detail: error instanceof Error ? error.message : String(error) }
      }
    },
    close: () => (closing ??= close()),
  }
}
