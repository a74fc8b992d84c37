/** Loads packages that are CommonJS without types, or whose entry point does more than is asked of them. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** What the package exports, in the shape that the caller knows it to have. */
export function loadCommonJs<T>(name: string): T {
  return require(name) as T
}

/** A file beside the package's entry point, also where the package does not export it. */
export function loadFileBeside<T>(name: string, path: string): T {
  return require(join(dirname(require.resolve(name)), path)) as T
}
