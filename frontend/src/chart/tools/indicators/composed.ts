import { RSI, SMA, WSMA } from 'trading-signals'
import type { Candle } from '../../../api/candleStream'
import type { Step } from './indicator'
import { severalOfClose } from './steps'

/** What the library gets wrong, put together from its parts or anew. */

/**
 * Where the RSI stands between its lowest and highest of so many bars, 0 to 100, and two means of it. The library's loses its place when
 * the RSI is exactly zero.
 */
export function stochasticRsi(length: number, smoothing: number, smoothingD: number): Step {
  const rsi = new RSI(length)
  const [k, d] = [new SMA(smoothing), new SMA(smoothingD)]
  const seen: number[] = []
  return severalOfClose(
    {
      update(close: number, replace: boolean): readonly number[] | null {
        const value = rsi.update(close, replace)
        if (value === null) return null
        if (replace) seen.pop()
        seen.push(value)
        if (seen.length > length) seen.shift()
        if (seen.length < length) return null
        const [lowest, highest] = [Math.min(...seen), Math.max(...seen)]
        const mean = k.update(highest === lowest ? 50 : (100 * (value - lowest)) / (highest - lowest), replace)
        const second = mean === null ? null : d.update(mean, replace)
        return mean === null || second === null ? null : [mean, second]
      },
    },
    (values) => values,
  )
}

/** Wilder's directional movement: ADX, DI+ and DI−. The library's takes a new version of the forming candle for the next one. */
export function directionalIndex(length: number): Step {
  const [range, rises, falls, index] = [new WSMA(length), new WSMA(length), new WSMA(length), new WSMA(length)]
  let before: Candle | null = null
  let last: Candle | null = null
  return (candle, replace) => {
    if (!replace) before = last
    last = candle
    if (before === null) return null
    const [up, down] = [candle.high - before.high, before.low - candle.low]
    range.update(Math.max(candle.high, before.close) - Math.min(candle.low, before.close), replace)
    rises.update(up > down && up > 0 ? up : 0, replace)
    falls.update(down > up && down > 0 ? down : 0, replace)
    const [whole, rising, falling] = [range.getResult(), rises.getResult(), falls.getResult()]
    if (whole === null || rising === null || falling === null || whole === 0) return null
    const [plus, minus] = [(100 * rising) / whole, (100 * falling) / whole]
    const mean = index.update(plus + minus === 0 ? 0 : (100 * Math.abs(plus - minus)) / (plus + minus), replace)
    return mean === null ? null : [mean, plus, minus]
  }
}

interface Stop {
  isLong: boolean
  sar: number
  extreme: number
  speed: number
}

/** Wilder's stop and reverse: never inside the two candles before. The library's asks that of one of them only. */
export function stopAndReverse(step: number, limit: number): Step {
  let seen: readonly Candle[] = []
  let before: Stop | null = null
  let now: Stop | null = null
  return (candle, replace) => {
    if (!replace) before = now
    seen = [...(replace ? seen.slice(0, -1) : seen), candle].slice(-3)
    now = before === null ? firstStop(candle, step) : nextStop(before, seen, step, limit)
    return seen.length < 2 ? null : [now.sar]
  }
}

function firstStop({ high, low }: Candle, step: number): Stop {
  return { isLong: true, sar: low, extreme: high, speed: step }
}

function nextStop({ isLong, sar, extreme, speed }: Stop, seen: readonly Candle[], step: number, limit: number): Stop {
  const { high, low } = seen.at(-1)!
  const earlier = seen.slice(0, -1)
  const moved = sar + speed * (extreme - sar)
  const held = isLong
    ? Math.min(moved, ...earlier.map((bar) => bar.low))
    : Math.max(moved, ...earlier.map((bar) => bar.high))
  if (isLong ? low < held : high > held) {
    const turned = isLong ? Math.max(extreme, high) : Math.min(extreme, low)
    return { isLong: !isLong, sar: turned, extreme: isLong ? low : high, speed: step }
  }
  if (isLong ? high <= extreme : low >= extreme) return { isLong, sar: held, extreme, speed }
  return { isLong, sar: held, extreme: isLong ? high : low, speed: Math.min(speed + step, limit) }
}
