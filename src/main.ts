#!/usr/bin/env node
/** Process entry: hands the arguments to `cli/` and its exit code to the system. */
import { createProcessIo } from './cli/io.ts'
import { runCli } from './cli/program.ts'

// A reader that has seen enough (`postern requests | head -1`) closes the pipe; that is its right and no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await runCli(process.argv.slice(2), createProcessIo(process))
