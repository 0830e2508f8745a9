import { type ChartOptions, type DeepPartial, LineStyle, TickMarkType, type Time } from 'lightweight-charts'
import type { TimeZone } from '../state/settings'
import { formatDate } from './format'
import type { ChartColours } from './palette'

/** Below this width the page is a phone's. */
export const NARROW_PX = 720
/** The legend above the candles, px: its rows must not lie on them. */
const LEGEND_PX = { wide: 58, narrow: 78 }
const LEGEND_ROW_PX = 24
/** Width of a bar and its gap before anybody has zoomed, px. */
export const DEFAULT_SPACING = 8
/** As narrow as the wheel and the keyboard can make it. */
export const LEAST_SPACING = 0.5

/** Empty bars right of the last candle. */
export function rightSpace(width: number): number {
  return width < NARROW_PX ? 3 : 6
}

/** What a chart starts with. Applied again later it would undo zoom and scroll. */
export const startOptions: DeepPartial<ChartOptions> = {
  autoSize: true,
  // The logo puts a <style> into the page, which the Content-Security-Policy forbids; the footer carries the attribution.
  layout: { attributionLogo: false },
  timeScale: { barSpacing: DEFAULT_SPACING, minBarSpacing: LEAST_SPACING, timeVisible: true },
  kineticScroll: { touch: true, mouse: false },
}

/** The look of the chart, at any time; the legend keeps its room above the candles, however low their pane is (`height`, px). */
export function lookOptions(
  colours: ChartColours,
  width: number,
  height: number,
  rows: number,
): DeepPartial<ChartOptions> {
  const narrow = width < NARROW_PX
  const legend = ((narrow ? LEGEND_PX.narrow : LEGEND_PX.wide) + rows * LEGEND_ROW_PX) / Math.max(height, 1)
  const crosshair = {
    color: colours.crosshair,
    style: LineStyle.Dashed,
    width: 1 as const,
    labelBackgroundColor: colours.raised,
  }
  return {
    layout: {
      background: { color: colours.background },
      textColor: colours.muted,
      fontFamily: '"Inter Variable", sans-serif',
      fontSize: 11,
      panes: { separatorColor: colours.line, separatorHoverColor: colours.grid },
    },
    grid: { vertLines: { color: colours.grid }, horzLines: { color: colours.grid } },
    crosshair: { mode: 0, vertLine: crosshair, horzLine: crosshair },
    rightPriceScale: {
      borderColor: colours.line,
      minimumWidth: narrow ? 60 : 72,
      scaleMargins: { top: Math.min(Math.max(legend, 0.13), 0.5), bottom: 0.08 },
    },
    timeScale: { borderColor: colours.line },
  }
}

const SHAPES: Record<TickMarkType, Intl.DateTimeFormatOptions> = {
  [TickMarkType.Year]: { year: 'numeric' },
  [TickMarkType.Month]: { month: 'short' },
  [TickMarkType.DayOfMonth]: { month: 'short', day: 'numeric' },
  [TickMarkType.Time]: { hour: '2-digit', minute: '2-digit' },
  [TickMarkType.TimeWithSeconds]: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
}

/** Labels of the time axis; which of them begins a day is for `ZonedTime` to say. */
export function tickFormatter(zone: TimeZone): (time: Time, type: TickMarkType) => string {
  return (time, type) => formatDate(Number(time) * 1000, zone, SHAPES[type])
}

/** The library's own choice for a weight of the time axis. */
export function tickTypeOf(weight: number): TickMarkType {
  if (weight >= 70) return TickMarkType.Year
  if (weight >= 60) return TickMarkType.Month
  return weight >= 50 ? TickMarkType.DayOfMonth : TickMarkType.Time
}
