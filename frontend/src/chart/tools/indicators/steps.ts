import type { Candle } from '../../../api/candleStream'
import type { Step } from './indicator'

interface Library<Input, Result> {
  update(input: Input, replace: boolean): Result | null
}

/** A computation of the library that reads closes and gives one value. */
export function ofClose(it: Library<number, number>, factor = 1): Step {
  return ({ close }, replace) => scaled(it.update(close, replace), factor)
}

/** One that reads volumes. */
export function ofVolume(it: Library<number, number>): Step {
  return ({ volume }, replace) => scaled(it.update(volume, replace), 1)
}

/** One that reads candles. */
export function ofCandle(it: Library<Candle, number>, factor = 1): Step {
  return (candle, replace) => scaled(it.update(candle, replace), factor)
}

/** One with several values; `pick` puts them into the order of the lines. */
export function several<Result>(it: Library<Candle, Result>, pick: (result: Result) => readonly number[]): Step {
  return (candle, replace) => {
    const result = it.update(candle, replace)
    return result === null ? null : pick(result)
  }
}

/** The same for one that reads closes. */
export function severalOfClose<Result>(it: Library<number, Result>, pick: (result: Result) => readonly number[]): Step {
  return several({ update: ({ close }: Candle, replace) => it.update(close, replace) }, pick)
}

/** A sum from its first candle on: `add` says what a candle adds, given the one before. */
export function summed(add: (candle: Candle, before: Candle | null) => number): Step {
  let before: Candle | null = null
  let last: Candle | null = null
  let sum = 0
  let held = 0
  return (candle, replace) => {
    if (!replace) {
      before = last
      held = sum
    }
    last = candle
    sum = held + add(candle, before)
    return [sum]
  }
}

/** The quotient of two sums; nothing while the lower one is zero. */
export function quotient(upper: Step, lower: Step): Step {
  return (candle, replace) => {
    const [above] = upper(candle, replace) ?? []
    const [below] = lower(candle, replace) ?? []
    return above === undefined || below === undefined || below === 0 ? null : [above / below]
  }
}

function scaled(value: number | null, factor: number): readonly number[] | null {
  return value === null ? null : [value * factor]
}
