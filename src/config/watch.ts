/**
 * Notices that configuration or specs have changed. Folders are watched, not files: editors and orchestrators replace a file by
 * renaming another over it (Kubernetes by swapping a link two folders up), after which a watch on the old file is silent. What counts
 * is that the file is another one than before, not that something happened near it.
 */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'

export interface FileWatch {
  /** Looks at once instead of waiting for word from the file system. Calls back only if something changed. */
  check(): void
  close(): void
}

const DEFAULT_DEBOUNCE_MS = 200

/**
 * Calls back once, `debounceMs` after the last of a series of events, when any of the paths has changed: a file by its content, a
 * folder by any file directly in it. Paths that do not exist are watched for coming into being, where their folder exists. Does not
 * keep the process alive.
 */
export function watchPaths(input: {
  paths: readonly string[]
  onChange: () => void
  /** The file system gives no word, for example because too many watches are in use; `check` still works. */
  onError: (error: Error) => void
  debounceMs?: number
}): FileWatch {
  const { paths, onChange, onError, debounceMs = DEFAULT_DEBOUNCE_MS } = input
  let known = fingerprint(paths)
  let timer: NodeJS.Timeout | null = null
  let isClosed = false

  const check = (): void => {
    if (isClosed) return
    const seen = fingerprint(paths)
    if (seen === known) return
    known = seen
    onChange()
  }
  const soon = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(check, debounceMs)
    timer.unref()
  }
  const watchers: FSWatcher[] = []
  for (const folder of new Set(paths.flatMap((path) => (isFolder(path) ? [path] : [dirname(path)])))) {
    if (!isFolder(folder)) continue
    try {
      const watcher = watch(folder, { persistent: false }, soon)
      watcher.on('error', onError)
      watchers.push(watcher)
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
    }
  }
  return {
    check,
    close() {
      isClosed = true
      if (timer !== null) clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}

function fingerprint(paths: readonly string[]): string {
  return paths
    .map((path) =>
      isFolder(path)
        ? readdirSync(path)
            .sort()
            .map((name) => stamp(join(path, name)))
            .join()
        : stamp(path),
    )
    .join('\n')
}

/** Follows links, so that a swapped one is noticed. */
function stamp(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stats === undefined ? `${path}:none` : `${path}:${stats.ino}:${stats.size}:${stats.mtimeNs}`
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
