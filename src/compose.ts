/**
 * The one file that knows every adapter: builds the running gateway from configuration and specs, starts it in order and stops it in
 * reverse. A reload builds new settings beside the old ones and swaps them whole; when anything is wrong with them nothing changes.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { openInstanceSecrets } from './config/instance-secrets.ts'
import { loadConfig } from './config/load.ts'
import type { ResolvedConfig } from './config/resolved-config.ts'
import { type FileWatch, watchPaths } from './config/watch.ts'
import { startLines } from './compose/start-lines.ts'
import { buildSettings } from './compose/build-settings.ts'
import { createRandomPool } from './compose/random-pool.ts'
import { loadSpecSet, type SpecSet } from './compose/spec-set.ts'
import { wakingConnections, wakingQueue } from './compose/waking.ts'
import { packageVersion } from './document/package-file.ts'
import { GatewayError } from './domain/errors.ts'
import { describeFinding, type Finding } from './domain/finding.ts'
import { createIds } from './domain/ids.ts'
import { createDestinations } from './engine/forward/destinations.ts'
import { createDispatcher } from './engine/forward/dispatcher.ts'
import { createReplays } from './engine/forward/replays.ts'
import { createSweeper } from './engine/forward/sweeper.ts'
import type { Secret } from './domain/secret.ts'
import type { Clock } from './engine/ports.ts'
import { createExplain } from './engine/receive/explain.ts'
import { createKeyring } from './engine/keyring/keyring.ts'
import { rememberConnections } from './engine/receive/known-connections.ts'
import { createReceive } from './engine/receive/receive.ts'
import type { Settings } from './engine/settings.ts'
import { createSyncDirectory } from './engine/sync/directory.ts'
import { createSyncEngine } from './engine/sync/engine.ts'
import { createVault } from './engine/vault.ts'
import { createExpressionCompiler } from './expression/compile.ts'
import { createHttpApp } from './http/app.ts'
import { createHttpServer } from './http/server.ts'
import { createJournal } from './observe/journal.ts'
import { createMetrics } from './observe/metrics.ts'
import { createClientsWhenNeeded } from './outbound/clients-when-needed.ts'
import { openSqliteStore } from './store/sqlite/open.ts'
import { createKeySets } from './verify/key-sets.ts'
import { isSameText } from './verify/compare.ts'

export interface ComposeInput {
  /** The value of `--config`. */
  readonly configPath?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Where warnings about configuration and specs go. */
  readonly warn: (text: string) => void
  /** File descriptor of the journal; standard error by default. */
  readonly journalTo?: number
  /** The time and the timers of the whole gateway; the system's by default. */
  readonly clock?: Clock
}

export interface StartedGateway {
  /** Where it listens, such as http://127.0.0.1:8080. */
  readonly url: string
  /** What a person who just started it should read. */
  readonly lines: readonly string[]
}

export interface Gateway {
  start(): Promise<StartedGateway>
  /** Reads configuration and specs again. False when something was wrong and nothing changed; the journal says what. */
  reload(): Promise<boolean>
  /** Stops accepting, lets what is under way end, commits. Safe to call twice. */
  stop(): Promise<void>
}

/** Keys change about once a day; a refetch for an unknown key id waits at least this long. */
const KEY_SET_COOLDOWN_MS = 60_000
const KEY_SET_MAX_AGE_MS = 3_600_000
const STOP_GRACE_MS = 25_000

/** Throws `config_invalid` with every finding when configuration or specs cannot be used. */
export async function composeGateway(input: ComposeInput): Promise<Gateway> {
  const compileExpression = createExpressionCompiler()
  const readConfig = (): ResolvedConfig => {
    const { config, findings } = loadConfig({ argument: input.configPath, env: input.env, workingDirectory: input.cwd })
    return needed(config, findings, input.warn)
  }
  const config = readConfig()
  const instance = openInstanceSecrets({ directory: config.dataDirectory, randomBytes })
  if (instance.wasExposed)
    input.warn(`${instance.file} could be read by others; its mode is now 0600. Consider new secrets.`)
  const readSettings = (from: ResolvedConfig): { settings: Settings; specs: SpecSet['specs'] } => {
    const set = loadSpecSet(from.specs, { compileExpression })
    const reading = buildSettings({
      config: from,
      specs: set.specs,
      instanceKey: instance.secrets.instanceKey,
      signingSecret: instance.secrets.signingSecret,
    })
    const errors = set.findings.filter((finding) => finding.severity === 'error')
    const settings = needed(errors.length > 0 ? null : reading.settings, [...errors, ...reading.findings], input.warn)
    return { settings, specs: set.specs }
  }

  let running = config
  let { settings, specs } = readSettings(config)
  const settingsSource = { current: () => settings }
  const clock: Clock = input.clock ?? { now: Date.now, after: startTimer }
  const now = (): number => clock.now()
  const ids = createIds({ now, randomBytes: createRandomPool() })
  // Standard output is for the lines at the start; the journal goes beside it.
  const journal = createJournal({ level: config.log.level, destination: input.journalTo ?? 2, now })
  const allowPrivate = (): readonly string[] => running.outbound.allowPrivate
  const outbound = createClientsWhenNeeded({ allowPrivate, now })
  const { sender, fetcher } = outbound
  const keySets = createKeySets({
    fetchJson: fetcher.fetchJson,
    fetchDocument: fetcher.fetchDocument,
    now,
    cooldownMs: KEY_SET_COOLDOWN_MS,
    maxAgeMs: KEY_SET_MAX_AGE_MS,
  })
  const store = rememberConnections(
    await openSqliteStore({
      path: config.storage.file,
      now,
      maxPendingBytes: config.ingest.maxPendingBytes,
      onProblem: journal.error,
    }),
  )
  const metrics = createMetrics({ version: packageVersion(), now, queue: () => store.stats() })
  const dispatcher = createDispatcher({
    queue: store,
    sender,
    settings: settingsSource,
    clock,
    random: Math.random,
    ids,
    journal,
    onAttempt: ({ delivery, outcome }) =>
      metrics.attemptMade({ destination: delivery.destination, outcome: outcome.kind, durationMs: outcome.durationMs }),
  })
  const replays = createReplays({ store, kick: dispatcher.kick, clock, ids, journal })
  const sweeper = createSweeper({ store, retention: () => running.retention, clock, journal })
  const vault = createVault(() =>
    running.encryptionKeys.length > 0 ? running.encryptionKeys : [instance.secrets.encryptionKey],
  )
  const keyring = createKeyring({ store, vault, clock, journal })
  const syncs = createSyncEngine({
    store,
    connections: store,
    directory: createSyncDirectory(settingsSource),
    client: outbound.client,
    vault,
    clock,
    random: Math.random,
    ids,
    journal,
    onNotices: (notices) => {
      for (const { destination } of notices) dispatcher.kick(destination)
    },
    observer: metrics,
  })
  const receive = createReceive({
    settings: settingsSource,
    store,
    handOff: dispatcher,
    keySets,
    keyring,
    confirm: (url) => {
      fetcher
        .fetchDocument({ url, accept: '*/*' })
        .then(() => journal.record('handshake.confirmed', { host: new URL(url).host }))
        .catch((error: unknown) => journal.warn('handshake.unconfirmed', { host: new URL(url).host, error }))
    },
    onAccepted: syncs.onAccepted,
    clock,
    ids,
    journal,
    onDecision: metrics.requestAnswered,
  })
  const apiKeys = (): readonly Secret[] => (running.apiKeys.length > 0 ? running.apiKeys : [instance.secrets.apiKey])
  let isDraining = false
  let isStarted = false
  let watching: FileWatch | null = null

  const app = createHttpApp({
    receive,
    settings: settingsSource,
    log: store,
    keyring,
    explain: createExplain({ log: store, settings: settingsSource, keySets, compileExpression }),
    connections: wakingConnections(store, dispatcher, syncs),
    queue: wakingQueue(store, dispatcher),
    destinations: createDestinations({ settings: settingsSource, store, dispatcher }),
    replays,
    syncs: { control: syncs.control, store },
    authorize: (authorization) => {
      const given = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1]
      let isKnown = false
      for (const key of apiKeys()) if (given !== undefined && isSameText(given, key.reveal())) isKnown = true
      return isKnown
    },
    providers: () => specs,
    sealCredentials: ({ integration, connectionId, credentials }) =>
      vault.seal(JSON.stringify(credentials), `credentials:${integration}:${connectionId}`),
    newConnectionId: randomUUID,
    readiness: async () => {
      const stored = await store.check()
      const checks = [
        { name: 'store', ...stored },
        { name: 'started', ok: isStarted },
        { name: 'not_draining', ok: !isDraining },
      ]
      return { ready: checks.every((check) => check.ok), checks }
    },
    metrics: metrics.render,
    clock,
    ids,
    journal,
  })
  const server = createHttpServer(app)

  function watchFiles(): void {
    watching?.close()
    const paths = [...(running.file === null ? [] : [running.file]), ...running.specs]
    if (paths.length === 0) return
    watching = watchPaths({
      paths,
      onChange: () => void gateway.reload(),
      onError: (error) => journal.warn('watch.failed', { error }),
    })
  }

  let stopping: Promise<void> | null = null
  const gateway: Gateway = {
    async start() {
      await keyring.load()
      await dispatcher.start()
      await replays.start()
      await syncs.start()
      sweeper.start()
      const address = await server.start({ host: config.server.host, port: config.server.port })
      isStarted = true
      watchFiles()
      const url = `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
      journal.record('gateway.started', {
        url,
        integrations: settings.integrations.size,
        database: config.storage.file,
      })
      return {
        url,
        lines: startLines({ url, config, settings, instanceFile: instance.file, isNewInstance: instance.isNew }),
      }
    },
    async reload() {
      try {
        const next = readConfig()
        const fresh = readSettings(next)
        const needsRestart = restartNeeded(running, next)
        running = next
        ;({ settings, specs } = fresh)
        dispatcher.settingsChanged()
        await syncs.settingsChanged()
        watchFiles()
        journal.record('config.reloaded', {
          integrations: settings.integrations.size,
          ...(needsRestart.length > 0 ? { needs_restart: needsRestart } : {}),
        })
        return true
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error
        journal.error('config.refused', {
          code: error.code,
          message: error.message,
          hint: 'Nothing was changed; the configuration before stays in force.',
        })
        return false
      }
    },
    stop() {
      stopping ??= (async () => {
        isDraining = true
        watching?.close()
        await server.stop({ graceMs: STOP_GRACE_MS })
        await Promise.all([replays.stop(), sweeper.stop(), syncs.stop()])
        await dispatcher.stop({ graceMs: STOP_GRACE_MS })
        await outbound.close()
        await store.close()
        journal.record('gateway.stopped', {})
        journal.flush()
      })()
      return stopping
    },
  }
  return gateway
}

/** Settings that only a new start can change. */
function restartNeeded(before: ResolvedConfig, after: ResolvedConfig): string[] {
  const changed: string[] = []
  if (before.server.host !== after.server.host || before.server.port !== after.server.port)
    changed.push('server.host, server.port')
  if (before.storage.file !== after.storage.file) changed.push('storage')
  if (before.ingest.maxPendingBytes !== after.ingest.maxPendingBytes) changed.push('ingest.max_pending_bytes')
  if (before.log.level !== after.log.level) changed.push('log.level')
  return changed
}

/** The value, with warnings passed on; or every error in one. */
function needed<T>(value: T | null, findings: readonly Finding[], warn: (text: string) => void): T {
  const errors = findings.filter((finding) => finding.severity === 'error')
  if (value !== null && errors.length === 0) {
    for (const finding of findings) warn(describeFinding(finding))
    return value
  }
  throw new GatewayError({
    code: 'config_invalid',
    message: errors.map(describeFinding).join('\n'),
    hint: 'Correct the places above; `postern doctor` checks everything at once.',
  })
}

function startTimer(delayMs: number, callback: () => void): { cancel(): void } {
  // setTimeout takes at most 2^31-1 ms, about 25 days; who waits longer looks again then.
  const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), 2_147_483_647))
  timer.unref()
  return { cancel: () => clearTimeout(timer) }
}
