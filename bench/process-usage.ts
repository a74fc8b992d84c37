/**
 * CPU time of a process by thread, and its memory, as Linux tells them; nothing elsewhere. CPU time per request is the figure that
 * suffers least when a neighbour takes half of a core.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds by thread id. */
export type ThreadTimes = ReadonlyMap<number, number>

export interface CpuTime {
  readonly totalUs: number
  /** The thread of the event loop. */
  readonly mainUs: number
  /** The busiest of the others; in the gateway under load this is the storage thread. */
  readonly secondUs: number
}

/** Null where there is no /proc. */
export function readThreadTimes(pid: number): ThreadTimes | null {
  try {
    const times = new Map<number, number>()
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      // Nanoseconds on the processor; `stat` counts in ticks of 10 ms.
      const [onCpu] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      times.set(Number(thread), Number(onCpu) / 1_000)
    }
    return times
  } catch {
    return null
  }
}

export function cpuBetween(pid: number, before: ThreadTimes | null, after: ThreadTimes | null): CpuTime | null {
  if (before === null || after === null) return null
  let totalUs = 0
  let secondUs = 0
  let mainUs = 0
  for (const [thread, time] of after) {
    const spent = time - (before.get(thread) ?? 0)
    totalUs += spent
    if (thread === pid) mainUs = spent
    else secondUs = Math.max(secondUs, spent)
  }
  return { totalUs, mainUs, secondUs }
}

/** Resident now, and the most there ever was; MB. */
export function readMemory(pid: number): { nowMb: number; peakMb: number } | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
    return { nowMb: field('VmRSS'), peakMb: field('VmHWM') }
  } catch {
    return null
  }
}
