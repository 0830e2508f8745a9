import type { Candle } from '../../api/candleStream'
import { formatMoment } from '../format'

/** What a picture or a table says of itself: who finds the file later must not have to guess. */
export interface Origin {
  /** As the server calls it, `BTCUSD`. */
  symbol: string
  /** As people read it, `BTC/USD`. */
  name: string
  timeframe: string
  /** Null while the server has not said whose prices these are. */
  simulated: boolean | null
  /** The newest price is known to be old. */
  old: boolean
  /** Server time of the export, Unix ms. */
  at: number
}

const SIMULATED = 'SIMULATED'

/** Whose prices they are, in one word. */
export function sourceOf({ simulated }: Origin): string {
  return simulated === null ? 'unknown' : simulated ? SIMULATED : 'Bitfinex'
}

/** `BTCUSD-1m-20261128-2011Z-SIMULATED.png` */
export function fileName(origin: Origin, extension: string): string {
  const at = new Date(origin.at).toISOString().replaceAll('-', '').replace('T', '-').replace(':', '').slice(0, 13)
  const simulated = origin.simulated === true ? `-${SIMULATED}` : ''
  return `${origin.symbol.replaceAll(':', '-')}-${origin.timeframe}-${at}Z${simulated}.${extension}`
}

/** A column of a table beside those of the bars. */
export interface Column {
  name: string
  /** Null where nothing is known for sure. */
  at(time: number): number | null
}

/** Bars as CSV with a header line; times in ISO 8601 UTC. Every row names its series and source: rows are copied without their file. */
export function toCsv(bars: readonly Candle[], origin: Origin, columns: readonly Column[] = []): string {
  const exported = new Date(origin.at).toISOString()
  const lines = bars.map((bar) => {
    const { open, high, low, close, volume, closed } = bar
    const values = [new Date(bar.time).toISOString(), open, high, low, close, volume, closed]
    const more = columns.map((column) => column.at(bar.time) ?? '')
    return [origin.symbol, origin.timeframe, ...values, sourceOf(origin), exported, ...more].join(',')
  })
  const head = [
    'symbol,timeframe,time,open,high,low,close,volume,closed,source,exported_at',
    ...columns.map(({ name }) => name),
  ]
  return [head.join(','), ...lines, ''].join('\n')
}

const BAND_PX = 34

/** The picture with a line above it that names series, source and time. */
export function withTitle(
  picture: HTMLCanvasElement,
  origin: Origin,
  background: string,
  ink: string,
): HTMLCanvasElement {
  const ratio = window.devicePixelRatio || 1
  const canvas = document.createElement('canvas')
  canvas.width = picture.width
  canvas.height = picture.height + Math.round(BAND_PX * ratio)
  const context = canvas.getContext('2d')!
  context.fillStyle = background
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(picture, 0, canvas.height - picture.height)
  context.scale(ratio, ratio)
  context.fillStyle = ink
  context.textBaseline = 'middle'
  context.font = '600 13px "Inter Variable", sans-serif'
  context.fillText(titleOf(origin), 12, BAND_PX / 2, canvas.width / ratio - 24)
  return canvas
}

/** What stands above a picture. */
export function titleOf(origin: Origin): string {
  const old = origin.old ? ' · OLD PRICES' : ''
  return `${origin.name} · ${origin.timeframe} · ${sourceOf(origin)} · ${formatMoment(origin.at, 'utc')}${old} · CandleStream`
}

/** Offers a file to the user. */
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser reads the address after this turn.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
