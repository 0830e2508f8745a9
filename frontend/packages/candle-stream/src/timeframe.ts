const UNITS = { m: 60_000, h: 3_600_000, D: 86_400_000, W: 604_800_000 } as const

/** The length of a timeframe in ms, or null where it varies (months). */
export function timeframeMs(timeframe: string): number | null {
  const match = /^(\d+)([mhDW])$/.exec(timeframe)
  return match === null ? null : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
}
