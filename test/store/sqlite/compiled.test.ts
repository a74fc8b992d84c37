import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './opening.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

test('the writer starts from compiled JavaScript as it does from sources', () => {
  const directory = temporaryDirectory()
  try {
    const dist = join(directory.path, 'dist')
    const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')
    spawnSync(process.execPath, [compiler, '-p', root, '--outDir', dist])
    symlinkSync(join(root, 'node_modules'), join(directory.path, 'node_modules'))
    writeFileSync(join(directory.path, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(directory.path, 'use.js'),
      `import { openSqliteStore } from './dist/store/sqlite/open.js'
       const store = await openSqliteStore({ path: 'data/postern.db', now: Date.now, maxPendingBytes: 1e6, onProblem() {} })
       console.log(JSON.stringify(await store.check()))
       await store.close()`,
    )
    const used = spawnSync(process.execPath, ['use.js'], { cwd: directory.path, encoding: 'utf8' })
    expect(used).toMatchObject({ stdout: '{"ok":true}\n', stderr: '', status: 0 })
  } finally {
    directory.remove()
  }
})
