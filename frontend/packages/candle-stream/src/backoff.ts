/** Waiting times between attempts: 1, 2, 4, 8, 16, 16, … seconds, each shortened by up to half so that clients do not return as one wave. */
const STEPS_MS = [1000, 2000, 4000, 8000, 16000] as const

/** How long to wait after the given number of failures (1 = the first). `random` is in [0, 1). */
export function backoffMs(failures: number, random: () => number): number {
  const step = STEPS_MS[Math.min(Math.max(failures, 1), STEPS_MS.length) - 1]!
  return Math.round(step * (0.5 + random() * 0.5))
}
