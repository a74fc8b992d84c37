/** One remark about a file that people write: what is wrong, where, and what to do about it. */
export interface Finding {
  /** Stable, `area_reason`; what tools and tests decide on. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** The file as the user named it, or the environment variable; see `line`. */
  readonly file: string
  /** From 1; 0 where the place is not in a file. */
  readonly line: number
  /** From 1; 0 where the place is not in a file. */
  readonly column: number
  /** Names the thing and the value seen; never a secret. */
  readonly message: string
  /** The next action; null where there is nothing to add. */
  readonly hint: string | null
}

/** `file:line:column`, or the name of the place alone where it is not in a file. */
export function placeOf(finding: Pick<Finding, 'file' | 'line' | 'column'>): string {
  return finding.line === 0 ? finding.file : `${finding.file}:${finding.line}:${finding.column}`
}

/** `file:line:column: message. Hint.` on one line. */
export function describeFinding(finding: Finding): string {
  const hint = finding.hint === null ? '' : ` ${finding.hint}`
  return `${placeOf(finding)}: ${finding.severity}: ${finding.message}.${hint}`
}

/** By file, then by place; what has no place in a file comes first. Findings of the same place keep their order. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  )
}
