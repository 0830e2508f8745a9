import type { Candle } from '../../../api/candleStream'

export const GROUPS = ['average', 'band', 'trend', 'momentum', 'volatility', 'volume'] as const
export type Group = (typeof GROUPS)[number]

/** Names of parameters and lines; `sentences.ts` has them in words. */
export type ParameterName =
  | 'length'
  | 'fast'
  | 'middle'
  | 'slow'
  | 'signal'
  | 'smoothing'
  | 'smoothingD'
  | 'deviations'
  | 'atrLength'
  | 'multiplier'
  | 'percent'
  | 'step'
  | 'limit'
  | 'shift'
  | 'momentum'
  | 'offset'
  | 'rows'

export interface Parameter {
  name: ParameterName
  value: number
  least: number
  most: number
  /** 1 for whole numbers. */
  step: number
}

export interface Line {
  /** What is said before its value where an indicator has several: `Signal`, `%D`. */
  name: string
  /** Histograms stand on zero; dots are told apart from a line that could be followed. */
  style: 'line' | 'histogram' | 'dots'
  /** Places by which it is drawn later (positive) or earlier than its bar. */
  shift?: (parameters: readonly number[]) => number
}

/**
 * One step of a computation: the values of all lines after this candle; null where there are too few. `replace`: the candle is another
 * version of the last one.
 */
export type Step = (candle: Candle, replace: boolean) => readonly number[] | null

/** One line of the table: all that the page knows of an indicator. */
export interface Indicator {
  /** Kept in layouts and links: never changed. */
  id: string
  /** Stands in the legend, `SMA`. */
  name: string
  title: string
  group: Group
  /** On the candles, or in a pane of its own. */
  pane: 'price' | 'own'
  parameters: readonly Parameter[]
  lines: readonly Line[]
  /** The area between these two lines is filled. */
  band?: readonly [number, number]
  /** Levels that a pane shows: 30 and 70. */
  levels?: readonly number[]
  /** What of a candle it reads. */
  reads: 'close' | 'prices' | 'volume' | 'all'
  /** Bars until its own windows are full. */
  window: (parameters: readonly number[]) => number
  /** Bars after which a value does not depend on what came before (1e-9): the window where it is finite, more where it fades. */
  memory: (parameters: readonly number[]) => number
  /**
   * It counts from the beginning of a day (UTC) below a day and of a year from there on; `period`: of a day, month or year, whichever suits
   * the timeframe. Then it begins at zero again.
   */
  anchored?: 'day' | 'period'
  /** No line, but the volume by price of the bars in view. */
  profile?: true
  make: (parameters: readonly number[]) => Step
}

/** Bars until the first value of an exponential mean does not show any more (1e-9). */
export const exponential = (length: number): number => Math.ceil(12 * (length + 1))
/** The same for Wilder's mean, which forgets half as fast. */
export const wilder = (length: number): number => 24 * length
