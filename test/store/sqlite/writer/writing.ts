/** A writer in the test's own thread, driven step by step. */
import { join } from 'node:path'
import { prepareDatabaseFile } from '../../../../src/store/sqlite/database-file.ts'
import type { GroupAnswer, GroupCommand } from '../../../../src/store/sqlite/protocol.ts'
import type { Command } from '../../../../src/store/sqlite/tape.ts'
import { Writer } from '../../../../src/store/sqlite/writer/writer.ts'
import { temporaryDirectory } from '../opening.ts'

export interface Writing {
  readonly path: string
  writer: Writer
  run(...commands: Command[]): GroupAnswer
  /** Opens the file again without having closed it, as after a crash. */
  crash(): void
  /** Lets time pass without traffic until nothing is left to merge. */
  idle(): void
  end(): void
}

export function startWriting(maxFileBytes: number | null = null): Writing {
  const directory = temporaryDirectory()
  const path = join(directory.path, 'postern.db')
  prepareDatabaseFile(path)
  const create = (): Writer => {
    const writer = new Writer({ path, busyTimeoutMs: 50, maxFileBytes, now: 0 })
    writer.open()
    return writer
  }
  const abandoned: Writer[] = []
  const writing: Writing = {
    path,
    writer: create(),
    run(...commands) {
      return writing.writer.runGroup(...groupOf(commands))
    },
    crash() {
      abandoned.push(writing.writer)
      writing.writer = create()
    },
    idle() {
      for (let ticks = 0; ticks < 3; ticks += 1) {
        let isMore = writing.writer.tick({ again: false })
        while (isMore) isMore = writing.writer.tick({ again: true })
      }
    },
    end() {
      writing.writer.close()
      for (const writer of abandoned) writer.close()
      directory.remove()
    },
  }
  return writing
}

function groupOf(commands: readonly Command[]): [GroupCommand[], ArrayBuffer] {
  let byteAt = 0
  const group = commands.map(({ kind, values, blobs }) => {
    const command = { kind, values, byteAt }
    for (const blob of blobs) byteAt += blob.length
    return command
  })
  const bytes = new Uint8Array(new ArrayBuffer(byteAt))
  let at = 0
  for (const blob of commands.flatMap(({ blobs }) => blobs)) {
    bytes.set(blob, at)
    at += blob.length
  }
  return [group, bytes.buffer]
}
