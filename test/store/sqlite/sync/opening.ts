/** Opens SQLite stores for the tests of syncs, in directories of their own. */
import { join } from 'node:path'
import { openSqliteStore } from '../../../../src/store/sqlite/open.ts'
import type { OpenedSyncStore } from '../../../conformance/store/sync-given.ts'
import { optionsFor, temporaryDirectory } from '../opening.ts'

export async function openSqliteForSyncs(): Promise<OpenedSyncStore & { readonly path: string }> {
  const directory = temporaryDirectory()
  const path = join(directory.path, 'postern.db')
  const openAgain = async (): Promise<OpenedSyncStore & { readonly path: string }> => {
    const store = await openSqliteStore(optionsFor(path))
    return {
      path,
      store,
      async reopen() {
        await store.close()
        return openAgain()
      },
      async dispose() {
        await store.close()
        directory.remove()
      },
    }
  }
  return openAgain()
}
