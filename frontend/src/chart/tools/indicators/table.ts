import {
  AccelerationBands,
  ADOSC,
  ALMA,
  AO,
  APO,
  Aroon,
  ATR,
  BOP,
  BollingerBands,
  BollingerBandsWidth,
  CCI,
  CFO,
  CHOP,
  ChandelierExit,
  CMF,
  CMO,
  ConnorsRSI,
  CoppockCurve,
  CVI,
  DEMA,
  DeMarker,
  DisparityIndex,
  DonchianChannels,
  DPO,
  ElderRay,
  EMA,
  EMV,
  FisherTransform,
  ForceIndex,
  HMA,
  IBS,
  IchimokuCloud,
  IMI,
  KAMA,
  KeltnerChannels,
  KST,
  LinearRegression,
  MACD,
  MAD,
  MassIndex,
  MFI,
  MOM,
  NATR,
  PercentB,
  PMO,
  PPO,
  PSL,
  PVO,
  Qstick,
  RelativeVigorIndex,
  RelativeVolatilityIndex,
  RMI,
  ROC,
  RogersSatchellVolatility,
  RSI,
  RVOL,
  SMA,
  SMI,
  StochasticOscillator,
  SuperSmoother,
  SuperTrend,
  T3,
  TEMA,
  TR,
  TRIMA,
  TRIX,
  TSI,
  UlcerIndex,
  UltimateOscillator,
  VHF,
  VolatilityStop,
  VortexIndicator,
  VROC,
  VWMA,
  WaveTrend,
  WilliamsR,
  WMA,
  WSMA,
  ZLEMA,
} from 'trading-signals'
import { directionalIndex, stochasticRsi, stopAndReverse } from './composed'
import { exponential, type Indicator, type Line, type Parameter, type ParameterName, wilder } from './indicator'
import { ofCandle, ofClose, ofVolume, quotient, several, severalOfClose, summed } from './steps'

/** Longest window: a longer one would need more bars than the page holds. */
const LONGEST = 500

function whole(name: ParameterName, value: number, least = 1, most = LONGEST): Parameter {
  return { name, value, least, most, step: 1 }
}

function part(name: ParameterName, value: number, least = 0.1, most = 20, step = 0.1): Parameter {
  return { name, value, least, most, step }
}

const length = (value: number, least = 1) => whole('length', value, least)
const line = (name = ''): Line => ({ name, style: 'line' })
const histogram = (name = ''): Line => ({ name, style: 'histogram' })
const LINE = [line()]
const HISTOGRAM = [histogram()]
const BAND = [line('Upper'), line('Middle'), line('Lower')]
const bands = ({ upper, middle, lower }: { upper: number; middle: number; lower: number }) => [upper, middle, lower]

/** What most have in common. `own`: in a pane of its own; `extra`: bars beyond its length that its window needs. */
type Rest = Partial<Indicator> & Pick<Indicator, 'make'>

function average(id: string, title: string, value: number, rest: Rest): Indicator {
  const window = rest.window ?? (([n]: readonly number[]) => n!)
  const memory = rest.memory ?? window
  const base = { id, name: id, title, group: 'average', pane: 'price', reads: 'close', lines: LINE } as const
  return { ...base, parameters: [length(value)], ...rest, window, memory }
}

function study(
  id: string,
  title: string,
  group: Indicator['group'],
  parameters: readonly Parameter[],
  rest: Rest,
): Indicator {
  const window = rest.window ?? ((p: readonly number[]) => p[0] ?? 1)
  const memory = rest.memory ?? window
  const base = { id, name: id, title, group, pane: 'own', reads: 'close', lines: LINE } as const
  return { ...base, parameters, ...rest, window, memory }
}

const AVERAGES: readonly Indicator[] = [
  average('SMA', 'Simple moving average', 20, { make: ([n]) => ofClose(new SMA(n!)) }),
  average('EMA', 'Exponential moving average', 50, {
    memory: ([n]) => exponential(n!),
    make: ([n]) => ofClose(new EMA(n!)),
  }),
  average('WMA', 'Weighted moving average', 20, { make: ([n]) => ofClose(new WMA(n!)) }),
  average('VWAP', 'Volume-weighted average price of the day (UTC)', 0, {
    parameters: [],
    reads: 'all',
    anchored: 'day',
    window: () => 1,
    // The library subtracts what it has added, and skips a candle without volume: two sums of our own do neither.
    make: () =>
      quotient(
        summed(({ high, low, close, volume }) => ((high + low + close) / 3) * volume),
        summed(({ volume }) => volume),
      ),
  }),
  average('VWMA', 'Volume-weighted moving average', 20, {
    reads: 'all',
    make: ([n]) => ofCandle(new VWMA(n!)),
  }),
  average('SMMA', 'Smoothed moving average (Wilder)', 14, {
    memory: ([n]) => wilder(n!),
    make: ([n]) => ofClose(new WSMA(n!)),
  }),
  average('DEMA', 'Double exponential moving average', 20, {
    window: ([n]) => 2 * n! - 1,
    memory: ([n]) => 2 * exponential(n!),
    make: ([n]) => ofClose(new DEMA(n!)),
  }),
  average('TEMA', 'Triple exponential moving average', 20, {
    window: ([n]) => 3 * n! - 2,
    memory: ([n]) => 3 * exponential(n!),
    make: ([n]) => ofClose(new TEMA(n!)),
  }),
  average('HMA', 'Hull moving average', 16, {
    parameters: [length(16, 2)],
    window: ([n]) => n! + Math.floor(Math.sqrt(n!)) - 1,
    make: ([n]) => ofClose(new HMA(n!)),
  }),
  average('TRIMA', 'Triangular moving average', 20, { make: ([n]) => ofClose(new TRIMA(n!)) }),
  average('ZLEMA', 'Zero-lag exponential moving average', 20, {
    parameters: [length(20, 3)],
    memory: ([n]) => exponential(n!),
    make: ([n]) => ofClose(new ZLEMA(n!)),
  }),
  average('T3', 'Tillson’s T3', 8, {
    window: ([n]) => 6 * n! - 5,
    memory: ([n]) => 6 * exponential(n!),
    make: ([n]) => ofClose(new T3(n!)),
  }),
  average('KAMA', 'Kaufman’s adaptive moving average', 10, {
    parameters: [length(10, 2)],
    // Where the market goes nowhere it forgets as slowly as an exponential mean of 30, squared.
    window: ([n]) => n! + 1,
    memory: ([n]) => n! + 6000,
    make: ([n]) => ofClose(new KAMA(n!)),
  }),
  average('ALMA', 'Arnaud Legoux moving average', 9, {
    parameters: [length(9, 2), part('offset', 0.85, 0, 1, 0.01), whole('deviations', 6, 1, 20)],
    make: ([n, offset, deviations]) => ofClose(new ALMA(n!, offset, deviations)),
  }),
  average('LINREG', 'Linear regression', 14, {
    parameters: [length(14, 2)],
    // The library's prediction is that of the next bar.
    make: ([n]) => severalOfClose(new LinearRegression(n!), ({ prediction, slope }) => [prediction - slope]),
  }),
  average('SSMOOTH', 'Ehlers’ super smoother', 10, {
    parameters: [length(10, 2)],
    memory: ([n]) => exponential(n!),
    make: ([n]) => ofClose(new SuperSmoother(n!)),
  }),
]

const BANDS: readonly Indicator[] = [
  study('BB', 'Bollinger bands', 'band', [length(20, 2), part('deviations', 2)], {
    pane: 'price',
    lines: BAND,
    band: [0, 2],
    make: ([n, width]) => severalOfClose(new BollingerBands(n!, width), bands),
  }),
  study('KC', 'Keltner channels', 'band', [length(20), whole('atrLength', 10), part('multiplier', 2)], {
    pane: 'price',
    reads: 'prices',
    lines: BAND,
    band: [0, 2],
    window: ([n, atr]) => Math.max(n!, atr!),
    memory: ([n, atr]) => Math.max(exponential(n!), wilder(atr!)),
    make: ([n, atr, width]) =>
      several(new KeltnerChannels({ emaInterval: n!, atrInterval: atr!, multiplier: width! }), bands),
  }),
  study('DC', 'Donchian channels', 'band', [length(20)], {
    pane: 'price',
    reads: 'prices',
    lines: BAND,
    band: [0, 2],
    make: ([n]) => several(new DonchianChannels(n!), bands),
  }),
  study('ENV', 'Envelopes', 'band', [length(20), part('percent', 2.5, 0.1, 50)], {
    pane: 'price',
    lines: BAND,
    band: [0, 2],
    make: ([n, percent]) =>
      severalOfClose(new SMA(n!), (mean) => [mean * (1 + percent! / 100), mean, mean * (1 - percent! / 100)]),
  }),
  study('ABANDS', 'Acceleration bands', 'band', [length(20), part('multiplier', 4)], {
    pane: 'price',
    reads: 'prices',
    lines: BAND,
    band: [0, 2],
    make: ([n, width]) => several(new AccelerationBands(n!, width!), bands),
  }),
  study('CE', 'Chandelier exit', 'band', [length(22), part('multiplier', 3)], {
    pane: 'price',
    reads: 'prices',
    lines: [line('Long'), line('Short')],
    memory: ([n]) => wilder(n!),
    make: ([n, width]) =>
      several(new ChandelierExit({ interval: n!, multiplier: width! }), ({ long, short }) => [long, short]),
  }),
]

const ahead = ([, , , shift]: readonly number[]) => shift!
/** Where a stop turns depends on where it turned before: after so many bars it has turned often enough to have forgotten. */
const TURNS = 500

const TRENDS: readonly Indicator[] = [
  study(
    'ICHIMOKU',
    'Ichimoku cloud',
    'trend',
    [whole('fast', 9), whole('middle', 26), whole('slow', 52), whole('shift', 26, 1, 120)],
    {
      name: 'Ichimoku',
      pane: 'price',
      reads: 'prices',
      lines: [
        line('Conversion'),
        line('Base'),
        { ...line('Span A'), shift: ahead },
        { ...line('Span B'), shift: ahead },
        { ...line('Lagging'), shift: (p) => -ahead(p) },
      ],
      band: [2, 3],
      window: ([fast, middle, slow]) => Math.max(fast!, middle!, slow!),
      make: ([fast, middle, slow]) => {
        const cloud = new IchimokuCloud({ conversionInterval: fast!, baseInterval: middle!, spanBInterval: slow! })
        return (candle, replace) => {
          const result = cloud.update(candle, replace)
          if (result === null) return null
          return [result.conversion, result.base, result.spanA, result.spanB, candle.close]
        }
      },
    },
  ),
  study('SUPERTREND', 'SuperTrend', 'trend', [length(10), part('multiplier', 3)], {
    name: 'SuperTrend',
    pane: 'price',
    reads: 'prices',
    memory: ([n]) => wilder(n!) + TURNS,
    make: ([n, width]) =>
      several(new SuperTrend({ interval: n!, multiplier: width! }), ({ supertrend }) => [supertrend]),
  }),
  study(
    'PSAR',
    'Parabolic stop and reverse',
    'trend',
    [part('step', 0.02, 0.001, 0.5, 0.001), part('limit', 0.2, 0.01, 1, 0.01)],
    {
      pane: 'price',
      reads: 'prices',
      lines: [{ name: '', style: 'dots' }],
      window: () => 2,
      memory: () => TURNS,
      make: ([step, limit]) => stopAndReverse(step!, limit!),
    },
  ),
  study('VSTOP', 'Volatility stop', 'trend', [length(20), part('multiplier', 2)], {
    pane: 'price',
    reads: 'prices',
    lines: [{ name: '', style: 'dots' }],
    memory: ([n]) => wilder(n!) + TURNS,
    make: ([n, width]) => several(new VolatilityStop({ interval: n!, multiplier: width! }), ({ stop }) => [stop]),
  }),
  study('ADX', 'Average directional index', 'trend', [length(14)], {
    reads: 'prices',
    lines: [line('ADX'), line('DI+'), line('DI−')],
    levels: [25],
    window: ([n]) => 2 * n!,
    memory: ([n]) => 2 * wilder(n!),
    make: ([n]) => directionalIndex(n!),
  }),
  study('AROON', 'Aroon', 'trend', [length(25)], {
    name: 'Aroon',
    reads: 'prices',
    lines: [line('Up'), line('Down')],
    window: ([n]) => n! + 1,
    make: ([n]) => several(new Aroon(n!), ({ aroonUp, aroonDown }) => [aroonUp, aroonDown]),
  }),
  study('VORTEX', 'Vortex', 'trend', [length(14)], {
    name: 'Vortex',
    reads: 'prices',
    lines: [line('VI+'), line('VI−')],
    levels: [1],
    window: ([n]) => n! + 1,
    make: ([n]) => several(new VortexIndicator(n!), ({ plus, minus }) => [plus, minus]),
  }),
  study('VHF', 'Vertical horizontal filter', 'trend', [length(28)], {
    window: ([n]) => n! + 1,
    make: ([n]) => ofClose(new VHF(n!)),
  }),
  study('MASS', 'Mass index', 'trend', [length(25)], {
    name: 'Mass',
    reads: 'prices',
    levels: [27],
    window: ([n]) => n! + 16,
    memory: ([n]) => 2 * exponential(9) + n!,
    make: ([n]) => ofCandle(new MassIndex(n!)),
  }),
]

const MOMENTUM: readonly Indicator[] = [
  study('RSI', 'Relative strength index', 'momentum', [length(14)], {
    levels: [30, 70],
    window: ([n]) => n! + 1,
    memory: ([n]) => wilder(n!),
    make: ([n]) => ofClose(new RSI(n!)),
  }),
  study(
    'MACD',
    'Moving average convergence divergence',
    'momentum',
    [whole('fast', 12), whole('slow', 26), whole('signal', 9)],
    {
      lines: [line('MACD'), line('Signal'), histogram('Histogram')],
      levels: [0],
      window: ([, slow, signal]) => slow! + signal!,
      memory: ([fast, slow, signal]) => exponential(Math.max(fast!, slow!)) + exponential(signal!),
      make: ([fast, slow, signal]) =>
        severalOfClose(new MACD(new EMA(fast!), new EMA(slow!), new EMA(signal!)), (result) => [
          result.macd,
          result.signal,
          result.histogram,
        ]),
    },
  ),
  study(
    'STOCH',
    'Stochastic',
    'momentum',
    [length(14), whole('smoothing', 1, 1, 100), whole('smoothingD', 3, 1, 100)],
    {
      name: 'Stoch',
      reads: 'prices',
      lines: [line('%K'), line('%D')],
      levels: [20, 80],
      window: ([n, k, d]) => n! + k! + d! - 2,
      make: ([n, k, d]) =>
        several(new StochasticOscillator({ kPeriod: n!, kSlowingPeriod: k!, dPeriod: d! }), (result) => [
          result.stochK,
          result.stochD,
        ]),
    },
  ),
  study(
    'STOCHRSI',
    'Stochastic RSI',
    'momentum',
    [length(14), whole('smoothing', 3, 1, 100), whole('smoothingD', 3, 1, 100)],
    {
      name: 'StochRSI',
      lines: [line('%K'), line('%D')],
      levels: [20, 80],
      window: ([n, k, d]) => 2 * n! + k! + d! - 2,
      memory: ([n, k, d]) => wilder(n!) + n! + k! + d!,
      make: ([n, k, d]) => stochasticRsi(n!, k!, d!),
    },
  ),
  study('CCI', 'Commodity channel index', 'momentum', [length(20)], {
    reads: 'prices',
    levels: [-100, 100],
    make: ([n]) => ofCandle(new CCI(n!)),
  }),
  study('WILLR', 'Williams %R', 'momentum', [length(14)], {
    name: '%R',
    reads: 'prices',
    levels: [-80, -20],
    make: ([n]) => ofCandle(new WilliamsR(n!)),
  }),
  study('ROC', 'Rate of change, percent', 'momentum', [length(9)], {
    levels: [0],
    window: ([n]) => n! + 1,
    make: ([n]) => ofClose(new ROC(n!), 100),
  }),
  study('MOM', 'Momentum', 'momentum', [length(10)], {
    levels: [0],
    window: ([n]) => n! + 1,
    make: ([n]) => ofClose(new MOM(n!)),
  }),
  study('AO', 'Awesome oscillator', 'momentum', [whole('fast', 5), whole('slow', 34)], {
    reads: 'prices',
    lines: HISTOGRAM,
    window: ([fast, slow]) => Math.max(fast!, slow!),
    make: ([fast, slow]) => ofCandle(new AO(fast!, slow!)),
  }),
  study('APO', 'Absolute price oscillator', 'momentum', [whole('fast', 12), whole('slow', 26)], {
    levels: [0],
    window: ([fast, slow]) => Math.max(fast!, slow!),
    memory: ([fast, slow]) => exponential(Math.max(fast!, slow!)),
    make: ([fast, slow]) => ofClose(new APO({ fastPeriod: fast!, slowPeriod: slow! })),
  }),
  study('PPO', 'Percentage price oscillator', 'momentum', [whole('fast', 12), whole('slow', 26)], {
    levels: [0],
    window: ([fast, slow]) => Math.max(fast!, slow!),
    memory: ([fast, slow]) => exponential(Math.max(fast!, slow!)),
    make: ([fast, slow]) => ofClose(new PPO({ fastPeriod: fast!, slowPeriod: slow! })),
  }),
  study('CMO', 'Chande momentum oscillator', 'momentum', [length(9)], {
    levels: [-50, 50],
    window: ([n]) => n! + 1,
    make: ([n]) => ofClose(new CMO(n!)),
  }),
  study('TSI', 'True strength index', 'momentum', [whole('slow', 25), whole('fast', 13)], {
    levels: [0],
    window: ([slow, fast]) => slow! + fast!,
    memory: ([slow, fast]) => exponential(slow!) + exponential(fast!),
    make: ([slow, fast]) => ofClose(new TSI({ longPeriod: slow!, shortPeriod: fast! })),
  }),
  study('TRIX', 'Triple exponential rate of change', 'momentum', [length(18)], {
    levels: [0],
    window: ([n]) => 3 * n! - 1,
    memory: ([n]) => 3 * exponential(n!),
    make: ([n]) => ofClose(new TRIX(n!)),
  }),
  study('UO', 'Ultimate oscillator', 'momentum', [whole('fast', 7), whole('middle', 14), whole('slow', 28)], {
    reads: 'prices',
    levels: [30, 70],
    window: ([fast, middle, slow]) => Math.max(fast!, middle!, slow!) + 1,
    make: ([fast, middle, slow]) => {
      const [shortPeriod, mediumPeriod, longPeriod] = [fast!, middle!, slow!].sort((a, b) => a - b)
      return ofCandle(
        new UltimateOscillator({ shortPeriod: shortPeriod!, mediumPeriod: mediumPeriod!, longPeriod: longPeriod! }),
      )
    },
  }),
  study('DPO', 'Detrended price oscillator', 'momentum', [length(20)], {
    levels: [0],
    window: ([n]) => Math.max(n!, Math.floor(n! / 2) + 2),
    make: ([n]) => ofClose(new DPO(n!)),
  }),
  study('COPPOCK', 'Coppock curve', 'momentum', [whole('slow', 14), whole('fast', 11), whole('smoothing', 10)], {
    name: 'Coppock',
    levels: [0],
    window: ([slow, fast, n]) => Math.max(slow!, fast!) + n!,
    make: ([slow, fast, n]) =>
      ofClose(new CoppockCurve({ longRocInterval: slow!, shortRocInterval: fast!, wmaInterval: n! })),
  }),
  study('KST', 'Know sure thing', 'momentum', [], {
    levels: [0],
    window: () => 45,
    make: () => ofClose(new KST()),
  }),
  study('FISHER', 'Fisher transform', 'momentum', [length(10, 2)], {
    name: 'Fisher',
    reads: 'prices',
    levels: [0],
    memory: ([n]) => n! + 150,
    make: ([n]) => ofCandle(new FisherTransform(n!)),
  }),
  study('BOP', 'Balance of power', 'momentum', [], {
    reads: 'prices',
    levels: [0],
    window: () => 1,
    make: () => ofCandle(new BOP()),
  }),
  study('ERI', 'Elder ray', 'momentum', [length(13)], {
    name: 'Elder ray',
    reads: 'prices',
    lines: [line('Bull'), line('Bear')],
    levels: [0],
    memory: ([n]) => exponential(n!),
    make: ([n]) => several(new ElderRay(n!), ({ bullPower, bearPower }) => [bullPower, bearPower]),
  }),
  study('CRSI', 'Connors RSI', 'momentum', [length(3), whole('fast', 2), whole('slow', 100)], {
    levels: [10, 90],
    window: ([n, streak, rank]) => Math.max(n!, streak! + 1, rank! + 1) + 1,
    memory: ([n, streak, rank]) => Math.max(wilder(Math.max(n!, streak!)), rank! + 1) + 60,
    make: ([n, streak, rank]) =>
      ofClose(new ConnorsRSI({ rsiInterval: n!, streakRsiInterval: streak!, percentRankInterval: rank! })),
  }),
  study('IMI', 'Intraday momentum index', 'momentum', [length(14)], {
    reads: 'prices',
    levels: [30, 70],
    make: ([n]) => ofCandle(new IMI(n!)),
  }),
  study('IBS', 'Internal bar strength', 'momentum', [], {
    reads: 'prices',
    levels: [0.2, 0.8],
    window: () => 1,
    make: () => ofCandle(new IBS()),
  }),
  study('QSTICK', 'Qstick', 'momentum', [length(14)], {
    name: 'Qstick',
    reads: 'prices',
    levels: [0],
    make: ([n]) => ofCandle(new Qstick(n!)),
  }),
  study('RVGI', 'Relative vigor index', 'momentum', [length(10)], {
    reads: 'prices',
    lines: [line('RVGI'), line('Signal')],
    levels: [0],
    window: ([n]) => n! + 6,
    make: ([n]) => several(new RelativeVigorIndex(n!), ({ rvgi, signal }) => [rvgi, signal]),
  }),
  study('SMI', 'Stochastic momentum index', 'momentum', [length(10), whole('smoothing', 3), whole('smoothingD', 3)], {
    reads: 'prices',
    levels: [-40, 40],
    window: ([n, a, b]) => n! + a! + b! - 2,
    memory: ([n, a, b]) => n! + exponential(a!) + exponential(b!),
    make: ([n, a, b]) => ofCandle(new SMI({ interval: n!, smooth1: a!, smooth2: b! })),
  }),
  study(
    'PMO',
    'Price momentum oscillator',
    'momentum',
    [whole('slow', 35, 2), whole('fast', 20, 2), whole('signal', 10)],
    {
      lines: [line('PMO'), line('Signal')],
      levels: [0],
      window: ([slow, fast, signal]) => slow! + fast! + signal!,
      memory: ([slow, fast, signal]) => exponential(slow!) + exponential(fast!) + exponential(signal!),
      make: ([slow, fast, signal]) =>
        severalOfClose(new PMO({ smoothing1: slow!, smoothing2: fast!, signalInterval: signal! }), (result) => [
          result.pmo,
          result.signal,
        ]),
    },
  ),
  study('CFO', 'Chande forecast oscillator', 'momentum', [length(14, 2)], {
    levels: [0],
    window: ([n]) => n! + 1,
    make: ([n]) => ofClose(new CFO(n!)),
  }),
  study('DEMARKER', 'DeMarker', 'momentum', [length(14)], {
    name: 'DeMarker',
    reads: 'prices',
    levels: [0.3, 0.7],
    window: ([n]) => n! + 1,
    make: ([n]) => ofCandle(new DeMarker({ interval: n! })),
  }),
  study('DISPARITY', 'Disparity index', 'momentum', [length(14)], {
    name: 'Disparity',
    levels: [0],
    make: ([n]) => ofClose(new DisparityIndex(n!, SMA)),
  }),
  study('PSL', 'Psychological line', 'momentum', [length(12)], {
    levels: [25, 75],
    window: ([n]) => n! + 1,
    make: ([n]) => ofClose(new PSL({ interval: n! })),
  }),
  study('RMI', 'Relative momentum index', 'momentum', [length(14), whole('momentum', 4)], {
    levels: [30, 70],
    window: ([n, momentum]) => n! + momentum!,
    memory: ([n, momentum]) => wilder(n!) + momentum!,
    make: ([n, momentum]) => ofClose(new RMI({ interval: n!, momentum: momentum! })),
  }),
  study('WT', 'Wave trend', 'momentum', [whole('fast', 10), whole('slow', 21), whole('signal', 4)], {
    name: 'Wave trend',
    reads: 'prices',
    lines: [line('WT1'), line('WT2')],
    levels: [-60, 60],
    window: ([channel, mean, signal]) => channel! + mean! + signal!,
    memory: ([channel, mean, signal]) => 2 * exponential(channel!) + exponential(mean!) + signal!,
    make: ([channel, mean, signal]) =>
      several(
        new WaveTrend({ channelInterval: channel!, averageInterval: mean!, smoothingInterval: signal! }),
        ({ wt1, wt2 }) => [wt1, wt2],
      ),
  }),
]

const VOLATILITY: readonly Indicator[] = [
  study('ATR', 'Average true range', 'volatility', [length(14)], {
    reads: 'prices',
    memory: ([n]) => wilder(n!),
    make: ([n]) => ofCandle(new ATR(n!)),
  }),
  study('NATR', 'Average true range, percent', 'volatility', [length(14)], {
    reads: 'prices',
    memory: ([n]) => wilder(n!),
    make: ([n]) => ofCandle(new NATR(n!)),
  }),
  study('TR', 'True range', 'volatility', [], {
    reads: 'prices',
    window: () => 2,
    make: () => ofCandle(new TR()),
  }),
  study('BBW', 'Bollinger bandwidth', 'volatility', [length(20, 2), part('deviations', 2)], {
    make: ([n, width]) => ofClose(new BollingerBandsWidth(new BollingerBands(n!, width))),
  }),
  study('PERCENTB', 'Bollinger %B', 'volatility', [length(20, 2), part('deviations', 2)], {
    name: '%B',
    levels: [0, 1],
    make: ([n, width]) => ofClose(new PercentB({ interval: n!, deviationMultiplier: width! })),
  }),
  study('CHOP', 'Choppiness index', 'volatility', [length(14, 2)], {
    reads: 'prices',
    levels: [38.2, 61.8],
    window: ([n]) => n! + 1,
    make: ([n]) => ofCandle(new CHOP(n!)),
  }),
  study('CVI', 'Chaikin volatility', 'volatility', [length(10)], {
    reads: 'prices',
    levels: [0],
    window: ([n]) => 2 * n!,
    memory: ([n]) => exponential(n!) + n!,
    make: ([n]) => ofCandle(new CVI(n!)),
  }),
  study('ULCER', 'Ulcer index', 'volatility', [length(14)], {
    name: 'Ulcer',
    make: ([n]) => ofClose(new UlcerIndex(n!)),
  }),
  study('RSV', 'Rogers–Satchell volatility', 'volatility', [length(14)], {
    reads: 'prices',
    make: ([n]) => ofCandle(new RogersSatchellVolatility(n!)),
  }),
  study('RVI', 'Relative volatility index', 'volatility', [length(14), whole('deviations', 10, 2)], {
    levels: [40, 60],
    window: ([n, deviations]) => n! + deviations! - 1,
    memory: ([n, deviations]) => wilder(n!) + deviations!,
    make: ([n, deviations]) => ofClose(new RelativeVolatilityIndex({ interval: n!, stddevInterval: deviations! })),
  }),
  study('MAD', 'Mean absolute deviation', 'volatility', [length(20)], { make: ([n]) => ofClose(new MAD(n!)) }),
]

/** Where the close lies in its candle, from -1 (low) to 1 (high). */
function placeOfClose({ high, low, close }: { high: number; low: number; close: number }): number {
  return high === low ? 0 : (2 * close - low - high) / (high - low)
}

const VOLUME: readonly Indicator[] = [
  study('OBV', 'On-balance volume', 'volume', [], {
    reads: 'all',
    anchored: 'period',
    window: () => 1,
    make: () => summed(({ close, volume }, before) => (before === null ? 0 : Math.sign(close - before.close) * volume)),
  }),
  study('AD', 'Accumulation/distribution', 'volume', [], {
    name: 'A/D',
    reads: 'all',
    anchored: 'period',
    window: () => 1,
    make: () => summed((candle) => placeOfClose(candle) * candle.volume),
  }),
  study('PVT', 'Price and volume trend', 'volume', [], {
    reads: 'all',
    anchored: 'period',
    window: () => 1,
    make: () =>
      summed(({ close, volume }, before) => (before === null ? 0 : (volume * (close - before.close)) / before.close)),
  }),
  study('ADOSC', 'Chaikin oscillator', 'volume', [whole('fast', 3), whole('slow', 10)], {
    reads: 'all',
    levels: [0],
    window: ([fast, slow]) => Math.max(fast!, slow!),
    memory: ([fast, slow]) => exponential(Math.max(fast!, slow!)),
    make: ([fast, slow]) => ofCandle(new ADOSC({ fastPeriod: fast!, slowPeriod: slow! })),
  }),
  study('CMF', 'Chaikin money flow', 'volume', [length(20)], {
    reads: 'all',
    levels: [0],
    make: ([n]) => ofCandle(new CMF(n!)),
  }),
  study('MFI', 'Money flow index', 'volume', [length(14)], {
    reads: 'all',
    levels: [20, 80],
    window: ([n]) => n! + 1,
    make: ([n]) => ofCandle(new MFI(n!)),
  }),
  study('FI', 'Force index', 'volume', [length(13)], {
    name: 'Force',
    reads: 'all',
    levels: [0],
    window: ([n]) => n! + 1,
    memory: ([n]) => exponential(n!),
    make: ([n]) => ofCandle(new ForceIndex(n!)),
  }),
  study('EMV', 'Ease of movement', 'volume', [length(14)], {
    reads: 'all',
    levels: [0],
    window: ([n]) => n! + 1,
    make: ([n]) => ofCandle(new EMV(n!, 1)),
  }),
  study('PVO', 'Percentage volume oscillator', 'volume', [whole('fast', 12), whole('slow', 26)], {
    reads: 'volume',
    levels: [0],
    window: ([fast, slow]) => Math.max(fast!, slow!),
    memory: ([fast, slow]) => exponential(Math.max(fast!, slow!)),
    make: ([fast, slow]) => ofVolume(new PVO({ fastPeriod: fast!, slowPeriod: slow! })),
  }),
  study('RVOL', 'Relative volume', 'volume', [length(20)], {
    reads: 'volume',
    levels: [1],
    window: ([n]) => n! + 1,
    make: ([n]) => ofVolume(new RVOL(n!)),
  }),
  study('VROC', 'Volume rate of change', 'volume', [length(14)], {
    reads: 'volume',
    levels: [0],
    window: ([n]) => n! + 1,
    make: ([n]) => ofVolume(new VROC(n!)),
  }),
  study('VMA', 'Mean volume', 'volume', [length(20)], {
    name: 'Volume mean',
    reads: 'volume',
    make: ([n]) => ofVolume(new SMA(n!)),
  }),
  study('PROFILE', 'Volume profile of the bars in view', 'volume', [whole('rows', 24, 4, 200)], {
    name: 'Volume profile',
    pane: 'price',
    reads: 'all',
    lines: [],
    profile: true,
    window: () => 1,
    make: () => () => null,
  }),
]

/** Every indicator, in the order of the list. */
export const INDICATORS: readonly Indicator[] = [
  ...AVERAGES,
  ...BANDS,
  ...TRENDS,
  ...MOMENTUM,
  ...VOLATILITY,
  ...VOLUME,
]

export function indicatorOf(id: string): Indicator | undefined {
  return INDICATORS.find((indicator) => indicator.id === id)
}
