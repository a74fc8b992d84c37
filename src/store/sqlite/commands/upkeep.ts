/**
 * Rare commands on their way to the writer: pauses, replays of many, retention. Each crosses as one JSON text; what that costs does not
 * matter here.
 */
import type { DestinationControl, Replay, ReplayStore, RetentionStore } from '../../../engine/ports.ts'
import type { Command, CommandKind, TapeReader } from '../tape.ts'

export type PauseCommand = Parameters<DestinationControl['pauseDestination']>[0]
export type ReplayBatchCommand = Parameters<ReplayStore['replayBatch']>[0]

interface UpkeepCommands {
  pause: PauseCommand
  resume: string
  put_replay: Replay
  replay_batch: ReplayBatchCommand
  delete_requests: Parameters<RetentionStore['deleteRequests']>[0]
  delete_attempts: Parameters<RetentionStore['deleteAttempts']>[0]
  expire_held: Parameters<RetentionStore['expireHeld']>[0]
  shrink: Parameters<RetentionStore['shrink']>[0]
}

export type UpkeepKind = keyof UpkeepCommands & CommandKind

export function writeUpkeep<Kind extends UpkeepKind>(kind: Kind, input: UpkeepCommands[Kind]): Command {
  return { kind, values: [JSON.stringify(input)], blobs: [] }
}

export function readUpkeep<Kind extends UpkeepKind>(_kind: Kind, tape: TapeReader): UpkeepCommands[Kind] {
  return JSON.parse(tape.text()) as UpkeepCommands[Kind]
}
