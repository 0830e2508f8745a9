import type { Candle } from '../../src/api/candleStream'

/** The indicators once more, each as its definition says it over a whole column, slow and plain: what the page computes is held against this. */

type Column = readonly number[]

/** The last `length` values up to each one; nothing where one of them is unknown. */
function windows(column: Column, length: number, compute: (window: Column) => number): number[] {
  return column.map((_, i) => (i + 1 < length ? Number.NaN : compute(column.slice(i + 1 - length, i + 1))))
}
const total = (window: Column) => window.reduce((a, b) => a + b, 0)
const mean = (window: Column) => total(window) / window.length
const deviation = (window: Column) => Math.sqrt(mean(window.map((value) => (value - mean(window)) ** 2)))
const sma = (column: Column, length: number) => windows(column, length, mean)
const sum = (column: Column, length: number) => windows(column, length, total)
const highest = (column: Column, length: number) => windows(column, length, (window) => Math.max(...window))
const lowest = (column: Column, length: number) => windows(column, length, (window) => Math.min(...window))
const wma = (column: Column, length: number) =>
  windows(column, length, (window) => total(window.map((value, i) => value * (i + 1))) / ((length * (length + 1)) / 2))

/** An exponential mean with this weight, from the first known value on. */
function fading(column: Column, weight: number): number[] {
  let held = Number.NaN
  return column.map((value) => {
    if (Number.isNaN(value)) return held
    held = Number.isNaN(held) ? value : held + weight * (value - held)
    return held
  })
}
const ema = (column: Column, length: number) => fading(column, 2 / (length + 1))
const rma = (column: Column, length: number) => fading(column, 1 / length)

const zip = (a: Column, b: Column, compute: (a: number, b: number) => number) =>
  a.map((value, i) => compute(value, b[i]!))
const minus = (a: Column, b: Column) => zip(a, b, (x, y) => x - y)
const over = (a: Column, b: Column) => zip(a, b, (x, y) => x / y)
const times = (a: Column, factor: number) => a.map((value) => value * factor)
const ago = (column: Column, bars: number) => column.map((_, i) => column[i - bars] ?? Number.NaN)
const change = (column: Column) => minus(column, ago(column, 1))
const gains = (column: Column) => change(column).map((value) => (Number.isNaN(value) ? value : Math.max(value, 0)))
const losses = (column: Column) => change(column).map((value) => (Number.isNaN(value) ? value : Math.max(-value, 0)))
const rows = (...columns: Column[]) => columns[0]!.map((_, i) => columns.map((column) => column[i]!))

interface Columns {
  bars: readonly Candle[]
  open: Column
  high: Column
  low: Column
  close: Column
  volume: Column
  /** (high + low) / 2 and (high + low + close) / 3 */
  middle: Column
  typical: Column
  trueRange: Column
}

function columnsOf(bars: readonly Candle[]): Columns {
  const of = (pick: (bar: Candle) => number) => bars.map(pick)
  return {
    bars,
    open: of((bar) => bar.open),
    high: of((bar) => bar.high),
    low: of((bar) => bar.low),
    close: of((bar) => bar.close),
    volume: of((bar) => bar.volume),
    middle: of(({ high, low }) => (high + low) / 2),
    typical: of(({ high, low, close }) => (high + low + close) / 3),
    trueRange: bars.map(({ high, low }, i) => {
      const before = bars[i - 1]?.close ?? high
      return i === 0 ? high - low : Math.max(high, before) - Math.min(low, before)
    }),
  }
}

const rsi = (column: Column, n: number) => {
  const [up, down] = [rma(gains(column), n), rma(losses(column), n)]
  return zip(up, down, (a, b) => (100 * a) / (a + b))
}
const roc = (column: Column, n: number) => zip(column, ago(column, n), (now, then) => (100 * (now - then)) / then)
const atr = ({ trueRange }: Columns, n: number) => rma(trueRange, n)
const channel = (middle: Column, width: Column) =>
  rows(
    zip(middle, width, (a, b) => a + b),
    middle,
    minus(middle, width),
  )
const bollinger = (column: Column, n: number, width: number) =>
  channel(sma(column, n), times(windows(column, n, deviation), width))
const oscillator = (column: Column, fast: number, slow: number) => minus(ema(column, fast), ema(column, slow))
const percentOscillator = (column: Column, fast: number, slow: number) =>
  times(over(oscillator(column, fast, slow), ema(column, slow)), 100)
const placeInRange = (value: Column, low: Column, high: Column) =>
  value.map((now, i) => (high[i] === low[i] ? Number.NaN : (100 * (now - low[i]!)) / (high[i]! - low[i]!)))

/** Where the straight line that fits best stands `ahead` bars after the last one. */
function regression(window: Column, ahead = 0): number {
  const n = window.length
  const x = window.map((_, i) => i)
  const slope =
    total(x.map((i) => (i - mean(x)) * (window[i]! - mean(window)))) / total(x.map((i) => (i - mean(x)) ** 2))
  return mean(window) + slope * (n - 1 + ahead - mean(x))
}

function running(bars: readonly Candle[], add: (bar: Candle, before: Candle | undefined) => number): number[] {
  let held = 0
  return bars.map((bar, i) => (held += add(bar, bars[i - 1])))
}
const closePlace = ({ high, low, close }: Candle) => (high === low ? 0 : (close - low - (high - close)) / (high - low))

/** By id: what each line is for these candles and parameters. */
export const PLAIN: Record<string, (c: Columns, p: readonly number[]) => readonly (readonly number[])[]> = {
  SMA: ({ close }, [n]) => rows(sma(close, n!)),
  EMA: ({ close }, [n]) => rows(ema(close, n!)),
  WMA: ({ close }, [n]) => rows(wma(close, n!)),
  VWAP: ({ bars, typical, volume }) => {
    let [money, traded] = [0, 0]
    return bars.map((_, i) => {
      money += typical[i]! * volume[i]!
      traded += volume[i]!
      return [money / traded]
    })
  },
  VWMA: ({ close, volume }, [n]) =>
    rows(
      over(
        sum(
          zip(close, volume, (a, b) => a * b),
          n!,
        ),
        sum(volume, n!),
      ),
    ),
  SMMA: ({ close }, [n]) => rows(rma(close, n!)),
  DEMA: ({ close }, [n]) => rows(minus(times(ema(close, n!), 2), ema(ema(close, n!), n!))),
  TEMA: ({ close }, [n]) => {
    const one = ema(close, n!)
    const two = ema(one, n!)
    return rows(zip(minus(one, two), ema(two, n!), (a, b) => 3 * a + b))
  },
  HMA: ({ close }, [n]) =>
    rows(wma(minus(times(wma(close, Math.floor(n! / 2)), 2), wma(close, n!)), Math.floor(Math.sqrt(n!)))),
  TRIMA: ({ close }, [n]) => rows(sma(sma(close, Math.floor(n! / 2) + (n! % 2)), Math.floor(n! / 2) + 1)),
  ZLEMA: ({ close }, [n]) => {
    const lag = Math.floor((n! - 1) / 2)
    return rows(ema(minus(times(close, 2), ago(close, lag)), n!))
  },
  T3: ({ close }, [n]) => {
    const smooth = (column: Column) => {
      const once = ema(column, n!)
      return zip(once, ema(once, n!), (a, b) => a * 1.7 - b * 0.7)
    }
    return rows(smooth(smooth(smooth(close))))
  },
  KAMA: ({ close }, [n]) => {
    let held = close[n! - 1]!
    return close.map((now, i) => {
      if (i < n!) return [held]
      const path = total(
        change(close.slice(i - n!, i + 1))
          .slice(1)
          .map(Math.abs),
      )
      const ratio = path === 0 ? 1 : Math.abs(now - close[i - n!]!) / path
      held += (ratio * (2 / 3 - 2 / 31) + 2 / 31) ** 2 * (now - held)
      return [held]
    })
  },
  ALMA: ({ close }, [n, offset, sigma]) => {
    const weights = Array.from({ length: n! }, (_, i) =>
      Math.exp(-((i - offset! * (n! - 1)) ** 2) / (2 * (n! / sigma!) ** 2)),
    )
    return rows(windows(close, n!, (window) => total(window.map((value, i) => value * weights[i]!)) / total(weights)))
  },
  LINREG: ({ close }, [n]) => rows(windows(close, n!, (window) => regression(window))),
  SSMOOTH: ({ close }, [n]) => {
    const a = Math.exp((-Math.SQRT2 * Math.PI) / n!)
    const [c2, c3] = [2 * a * Math.cos((Math.SQRT2 * Math.PI) / n!), -a * a]
    const out: number[] = []
    close.forEach((now, i) => {
      out.push(i < 2 ? now : ((1 - c2 - c3) * (now + close[i - 1]!)) / 2 + c2 * out[i - 1]! + c3 * out[i - 2]!)
    })
    return rows(out)
  },
  BB: ({ close }, [n, width]) => bollinger(close, n!, width!),
  KC: (c, [n, m, width]) => channel(ema(c.close, n!), times(atr(c, m!), width!)),
  DC: ({ high, low }, [n]) => {
    const [top, bottom] = [highest(high, n!), lowest(low, n!)]
    return rows(
      top,
      zip(top, bottom, (a, b) => (a + b) / 2),
      bottom,
    )
  },
  ENV: ({ close }, [n, percent]) => channel(sma(close, n!), times(sma(close, n!), percent! / 100)),
  ABANDS: ({ high, low, close }, [n, width]) => {
    const wide = zip(high, low, (a, b) => ((a - b) / (a + b)) * width!)
    return rows(
      sma(
        zip(high, wide, (a, w) => a * (1 + w)),
        n!,
      ),
      sma(close, n!),
      sma(
        zip(low, wide, (a, w) => a * (1 - w)),
        n!,
      ),
    )
  },
  CE: (c, [n, width]) => {
    const range = times(atr(c, n!), width!)
    return rows(
      minus(highest(c.high, n!), range),
      zip(lowest(c.low, n!), range, (a, b) => a + b),
    )
  },
  ICHIMOKU: ({ high, low, close }, [fast, middle, slow]) => {
    const half = (n: number) => zip(highest(high, n), lowest(low, n), (a, b) => (a + b) / 2)
    const [conversion, base] = [half(fast!), half(middle!)]
    return rows(
      conversion,
      base,
      zip(conversion, base, (a, b) => (a + b) / 2),
      half(slow!),
      close,
    )
  },
  SUPERTREND: (c, [n, width]) => {
    const range = atr(c, n!)
    let [upper, lower, up, before] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false, c.close[0]!]
    return c.bars.map(({ close }, i) => {
      const [top, bottom] = [c.middle[i]! + width! * range[i]!, c.middle[i]! - width! * range[i]!]
      upper = top < upper || before > upper ? top : upper
      lower = bottom > lower || before < lower ? bottom : lower
      up = up ? close >= lower : close > upper
      before = close
      return [up ? lower : upper]
    })
  },
  PSAR: ({ bars }, [step, limit]) => {
    let [long, sar, extreme, speed] = [true, bars[0]!.low, bars[0]!.high, step!]
    return bars.map((bar, i) => {
      const [one, two] = [bars[i - 1] ?? bar, bars[i - 2] ?? bars[i - 1] ?? bar]
      if (i > 0) sar += speed * (extreme - sar)
      // It never lies inside the two candles before.
      sar = long ? Math.min(sar, one.low, two.low) : Math.max(sar, one.high, two.high)
      const turned = long ? bar.low < sar : bar.high > sar
      if (turned) {
        sar = long ? Math.max(extreme, bar.high) : Math.min(extreme, bar.low)
        long = !long
        extreme = long ? bar.high : bar.low
        speed = step!
      } else if (long ? bar.high > extreme : bar.low < extreme) {
        extreme = long ? bar.high : bar.low
        speed = Math.min(speed + step!, limit!)
      }
      return [sar]
    })
  },
  VSTOP: (c, [n, width]) => {
    const range = atr(c, n!)
    let [stop, before] = [Number.NaN, Number.NaN]
    return c.bars.map(({ close }, i) => {
      const loss = width! * range[i]!
      const above = close > stop
      const wasAbove = before > stop
      if (Number.isNaN(stop)) stop = close - loss
      else if (above && wasAbove) stop = Math.max(stop, close - loss)
      else if (!above && !wasAbove) stop = Math.min(stop, close + loss)
      else stop = above ? close - loss : close + loss
      before = close
      return [stop]
    })
  },
  ADX: (c, [n]) => {
    const [up, down] = [change(c.high), times(change(c.low), -1)]
    const plus = zip(up, down, (a, b) => (Number.isNaN(a) ? a : a > b && a > 0 ? a : 0))
    const less = zip(down, up, (a, b) => (Number.isNaN(a) ? a : a > b && a > 0 ? a : 0))
    const di = (moves: Column) => over(times(rma(moves, n!), 100), rma(c.trueRange, n!))
    const dx = zip(di(plus), di(less), (a, b) => (100 * Math.abs(a - b)) / (a + b))
    return rows(rma(dx, n!), di(plus), di(less))
  },
  AROON: ({ high, low }, [n]) => {
    const since = (column: Column, best: (...values: number[]) => number) =>
      windows(column, n! + 1, (window) => (100 * window.lastIndexOf(best(...window))) / n!)
    return rows(since(high, Math.max), since(low, Math.min))
  },
  VORTEX: ({ high, low, trueRange }, [n]) => {
    const moved = (a: Column, b: Column) =>
      over(
        sum(
          zip(a, ago(b, 1), (x, y) => Math.abs(x - y)),
          n!,
        ),
        sum(trueRange, n!),
      )
    return rows(moved(high, low), moved(low, high))
  },
  VHF: ({ close }, [n]) =>
    rows(over(minus(highest(close, n!), lowest(close, n!)), sum(change(close).map(Math.abs), n!))),
  MASS: ({ high, low }, [n]) => {
    const single = ema(minus(high, low), 9)
    return rows(sum(over(single, ema(single, 9)), n!))
  },
  RSI: ({ close }, [n]) => rows(rsi(close, n!)),
  MACD: ({ close }, [fast, slow, signal]) => {
    const macd = oscillator(close, fast!, slow!)
    return rows(macd, ema(macd, signal!), minus(macd, ema(macd, signal!)))
  },
  STOCH: ({ high, low, close }, [n, a, b]) => {
    const k = sma(placeInRange(close, lowest(low, n!), highest(high, n!)), a!)
    return rows(k, sma(k, b!))
  },
  STOCHRSI: ({ close }, [n, a, b]) => {
    const value = rsi(close, n!)
    const k = sma(placeInRange(value, lowest(value, n!), highest(value, n!)), a!)
    return rows(k, sma(k, b!))
  },
  CCI: ({ typical }, [n]) =>
    rows(
      windows(typical, n!, (w) => (w.at(-1)! - mean(w)) / (0.015 * mean(w.map((value) => Math.abs(value - mean(w)))))),
    ),
  WILLR: ({ high, low, close }, [n]) =>
    rows(placeInRange(close, lowest(low, n!), highest(high, n!)).map((v) => v - 100)),
  ROC: ({ close }, [n]) => rows(roc(close, n!)),
  MOM: ({ close }, [n]) => rows(minus(close, ago(close, n!))),
  AO: ({ middle }, [fast, slow]) => rows(minus(sma(middle, fast!), sma(middle, slow!))),
  APO: ({ close }, [fast, slow]) => rows(oscillator(close, fast!, slow!)),
  PPO: ({ close }, [fast, slow]) => rows(percentOscillator(close, fast!, slow!)),
  CMO: ({ close }, [n]) =>
    rows(zip(sum(gains(close), n!), sum(losses(close), n!), (a, b) => (100 * (a - b)) / (a + b))),
  TSI: ({ close }, [slow, fast]) => {
    const twice = (column: Column) => ema(ema(column, slow!), fast!)
    return rows(times(over(twice(change(close)), twice(change(close).map(Math.abs))), 100))
  },
  TRIX: ({ close }, [n]) => {
    const triple = ema(ema(ema(close, n!), n!), n!)
    return rows(zip(triple, ago(triple, 1), (now, then) => (100 * (now - then)) / now))
  },
  UO: ({ close, low, trueRange }, p) => {
    const before = ago(close, 1)
    const pressure = close.map((now, i) => now - Math.min(low[i]!, before[i]!))
    const [fast, middle, slow] = p.map((n) => over(sum(pressure, n), sum(trueRange, n)))
    return fast!.map((_, i) => [(100 * (4 * fast![i]! + 2 * middle![i]! + slow![i]!)) / 7])
  },
  DPO: ({ close }, [n]) => rows(minus(ago(close, Math.floor(n! / 2) + 1), sma(close, n!))),
  COPPOCK: ({ close }, [slow, fast, n]) =>
    rows(
      wma(
        zip(roc(close, slow!), roc(close, fast!), (a, b) => a + b),
        n!,
      ),
    ),
  KST: ({ close }) => {
    const parts = [sma(roc(close, 10), 10), sma(roc(close, 15), 10), sma(roc(close, 20), 10), sma(roc(close, 30), 15)]
    return close.map((_, i) => [total(parts.map((part, weight) => part[i]! * (weight + 1)))])
  },
  FISHER: ({ middle }, [n]) => {
    let [place, fisher] = [0, 0]
    return zip(lowest(middle, n!), highest(middle, n!), (low, high) => high - low).map((range, i) => {
      if (Number.isNaN(range)) return [Number.NaN]
      const bottom = Math.min(...middle.slice(i + 1 - n!, i + 1))
      place = 0.66 * ((middle[i]! - bottom) / (range === 0 ? 0.001 : range) - 0.5) + 0.67 * place
      place = place > 0.99 ? 0.999 : place < -0.99 ? -0.999 : place
      fisher = 0.5 * Math.log((1 + place) / (1 - place)) + 0.5 * fisher
      return [fisher]
    })
  },
  BOP: ({ bars }) => bars.map(({ open, high, low, close }) => [high === low ? 0 : (close - open) / (high - low)]),
  ERI: ({ high, low, close }, [n]) => rows(minus(high, ema(close, n!)), minus(low, ema(close, n!))),
  CRSI: ({ close }, [n, m, rank]) => {
    let streak = 0
    const streaks = change(close).map((moved) => {
      if (Number.isNaN(moved)) return Number.NaN
      streak = moved > 0 ? Math.max(streak, 0) + 1 : moved < 0 ? Math.min(streak, 0) - 1 : 0
      return streak
    })
    const ranks = windows(
      roc(close, 1),
      rank! + 1,
      (w) => (100 * w.slice(0, -1).filter((v) => v < w.at(-1)!).length) / rank!,
    )
    const ofStreaks = rsi(streaks, m!)
    return rsi(close, n!).map((value, i) => [(value + ofStreaks[i]! + ranks[i]!) / 3])
  },
  IMI: ({ open, close }, [n]) => {
    const up = sum(
      zip(close, open, (a, b) => Math.max(a - b, 0)),
      n!,
    )
    return rows(
      zip(
        up,
        sum(
          zip(open, close, (a, b) => Math.max(a - b, 0)),
          n!,
        ),
        (a, b) => (100 * a) / (a + b),
      ),
    )
  },
  IBS: ({ bars }) => bars.map(({ high, low, close }) => [high === low ? 0.5 : (close - low) / (high - low)]),
  QSTICK: ({ open, close }, [n]) => rows(sma(minus(close, open), n!)),
  RVGI: ({ open, high, low, close }, [n]) => {
    const weighted = (column: Column) => windows(column, 4, ([a, b, c, d]) => (a! + 2 * b! + 2 * c! + d!) / 6)
    const rvgi = over(sum(weighted(minus(close, open)), n!), sum(weighted(minus(high, low)), n!))
    return rows(rvgi, weighted(rvgi))
  },
  SMI: ({ high, low, close }, [n, a, b]) => {
    const [top, bottom] = [highest(high, n!), lowest(low, n!)]
    const twice = (column: Column) => ema(ema(column, a!), b!)
    const distance = close.map((now, i) => now - (top[i]! + bottom[i]!) / 2)
    return rows(times(over(twice(distance), twice(minus(top, bottom))), 200))
  },
  PMO: ({ close }, [slow, fast, signal]) => {
    const pmo = fading(times(fading(roc(close, 1), 2 / slow!), 10), 2 / fast!)
    return rows(pmo, ema(pmo, signal!))
  },
  CFO: ({ close }, [n]) =>
    rows(windows(close, n! + 1, (w) => (100 * (w.at(-1)! - regression(w.slice(0, -1), 1))) / w.at(-1)!)),
  DEMARKER: ({ high, low }, [n]) => {
    const [up, down] = [sum(gains(high), n!), sum(losses(low), n!)]
    return rows(zip(up, down, (a, b) => a / (a + b)))
  },
  DISPARITY: ({ close }, [n]) => rows(zip(close, sma(close, n!), (now, average) => (100 * (now - average)) / average)),
  PSL: ({ close }, [n]) =>
    rows(
      times(
        sum(
          change(close).map((v) => (Number.isNaN(v) ? v : Number(v > 0))),
          n!,
        ),
        100 / n!,
      ),
    ),
  RMI: ({ close }, [n, momentum]) => {
    const moved = minus(close, ago(close, momentum!))
    const [up, down] = [1, -1].map((sign) =>
      rma(
        moved.map((v) => (Number.isNaN(v) ? v : Math.max(sign * v, 0))),
        n!,
      ),
    )
    return rows(zip(up!, down!, (a, b) => (100 * a) / (a + b)))
  },
  WT: ({ typical }, [a, b, signal]) => {
    const centre = ema(typical, a!)
    const far = ema(minus(typical, centre).map(Math.abs), a!)
    const wave = ema(
      typical.map((value, i) => (far[i] === 0 ? 0 : (value - centre[i]!) / (0.015 * far[i]!))),
      b!,
    )
    return rows(wave, sma(wave, signal!))
  },
  ATR: (c, [n]) => rows(atr(c, n!)),
  NATR: (c, [n]) => rows(times(over(atr(c, n!), c.close), 100)),
  TR: ({ trueRange }) => rows(trueRange),
  BBW: ({ close }, [n, width]) =>
    bollinger(close, n!, width!).map(([top, middle, bottom]) => [(top! - bottom!) / middle!]),
  PERCENTB: ({ close }, [n, width]) =>
    bollinger(close, n!, width!).map(([top, , bottom], i) => [(close[i]! - bottom!) / (top! - bottom!)]),
  CHOP: ({ high, low, close, trueRange }, [n]) => {
    const before = ago(close, 1)
    const [top, bottom] = [zip(high, before, Math.max), zip(low, before, Math.min)]
    const range = minus(highest(top, n!), lowest(bottom, n!))
    return rows(zip(sum(trueRange, n!), range, (path, wide) => (100 * Math.log10(path / wide)) / Math.log10(n!)))
  },
  CVI: ({ high, low }, [n]) => rows(roc(ema(minus(high, low), n!), n!)),
  ULCER: ({ close }, [n]) =>
    rows(
      windows(close, n!, (w) =>
        Math.sqrt(
          mean(
            w.map(
              (value, i) => ((100 * (value - Math.max(...w.slice(0, i + 1)))) / Math.max(...w.slice(0, i + 1))) ** 2,
            ),
          ),
        ),
      ),
    ),
  RSV: ({ bars }, [n]) => {
    const { log } = Math
    const of = bars.map(({ open: o, high: h, low: l, close: c }) => log(h / c) * log(h / o) + log(l / c) * log(l / o))
    return rows(sma(of, n!).map(Math.sqrt))
  },
  RVI: ({ close }, [n, m]) => {
    const wide = windows(close, m!, deviation)
    const side = (sign: number) =>
      rma(
        zip(change(close), wide, (v, w) => (Number.isNaN(w) ? w : v * sign > 0 ? w : 0)),
        n!,
      )
    return rows(zip(side(1), side(-1), (a, b) => (100 * a) / (a + b)))
  },
  MAD: ({ close }, [n]) => rows(windows(close, n!, (w) => mean(w.map((value) => Math.abs(value - mean(w)))))),
  OBV: ({ bars }) =>
    rows(running(bars, (bar, before) => (before ? Math.sign(bar.close - before.close) * bar.volume : 0))),
  AD: ({ bars }) => rows(running(bars, (bar) => closePlace(bar) * bar.volume)),
  PVT: ({ bars }) =>
    rows(running(bars, (bar, before) => (before ? (bar.volume * (bar.close - before.close)) / before.close : 0))),
  ADOSC: ({ bars }, [fast, slow]) =>
    rows(
      oscillator(
        running(bars, (bar) => closePlace(bar) * bar.volume),
        fast!,
        slow!,
      ),
    ),
  CMF: ({ bars, volume }, [n]) =>
    rows(
      over(
        sum(
          bars.map((bar) => closePlace(bar) * bar.volume),
          n!,
        ),
        sum(volume, n!),
      ),
    ),
  MFI: ({ typical, volume }, [n]) => {
    const flow = (sign: number) =>
      sum(
        typical.map((now, i) => ((now - typical[i - 1]!) * sign > 0 ? now * volume[i]! : 0)),
        n!,
      )
    return rows(zip(flow(1), flow(-1), (a, b) => (100 * a) / (a + b)))
  },
  FI: ({ close, volume }, [n]) =>
    rows(
      ema(
        zip(change(close), volume, (a, b) => a * b),
        n!,
      ),
    ),
  EMV: ({ high, low, middle, volume }, [n]) => {
    const ease = change(middle).map((moved, i) =>
      Number.isNaN(moved) || (high[i] !== low[i] && volume[i] !== 0) ? (moved * (high[i]! - low[i]!)) / volume[i]! : 0,
    )
    return rows(sma(ease, n!))
  },
  PVO: ({ volume }, [fast, slow]) => rows(percentOscillator(volume, fast!, slow!)),
  RVOL: ({ volume }, [n]) => rows(over(volume, ago(sma(volume, n!), 1))),
  VROC: ({ volume }, [n]) => rows(roc(volume, n!)),
  VMA: ({ volume }, [n]) => rows(sma(volume, n!)),
}

export function plainly(
  id: string,
  bars: readonly Candle[],
  parameters: readonly number[],
): readonly (readonly number[])[] {
  return PLAIN[id]!(columnsOf(bars), parameters)
}
