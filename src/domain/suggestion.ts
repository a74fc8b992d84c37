/** "Did you mean": the known word nearest to one that is not known. */

/**
 * The candidate with the smallest edit distance, case ignored, or null when none is near enough to be what was meant: one edit for
 * words up to five letters, a third of the length for longer ones.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = word.toLowerCase()
  // Nobody mistypes a name of this length; the bound keeps the cost of a hostile one small.
  if (wanted.length === 0 || wanted.length > 100) return null
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `Did you mean "x"?`, or the whole list where it is short enough to be of use, or null. */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  const known = [...candidates]
  const near = nearest(word, known)
  if (near !== null) return `Did you mean "${near}"?`
  if (known.length === 0 || known.length > 20) return null
  return `Known here: ${known.toSorted().join(', ')}.`
}

/**
 * Damerau-Levenshtein distance (insert, delete, replace, swap of neighbours), or `limit` as soon as it cannot be less than that.
 */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    let lowest = row
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1]
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1))
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1)
      }
      current.push(cost)
      lowest = Math.min(lowest, cost)
    }
    if (lowest >= limit) return limit
    beforeLast = last
    last = current
  }
  return Math.min(last[to.length]!, limit)
}
