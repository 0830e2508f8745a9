import { type ChartOptions, type DeepPartial, LineStyle, TickMarkType, type Time } from 'lightweight-charts'
import type { TimeZone } from '../state/settings'
import { formatDate } from './format'
import type { ChartColours } from './palette'

/** Empty bars right of the last candle. */
export const RIGHT_SPACE = 8
/** Width of a bar and its gap before anybody has zoomed, px. */
export const DEFAULT_SPACING = 8

/** What a chart starts with. Applied again later it would undo zoom and scroll. */
export const startOptions: DeepPartial<ChartOptions> = {
  autoSize: true,
  // The logo puts a <style> into the page, which the Content-Security-Policy forbids; the footer carries the attribution.
  layout: { attributionLogo: false },
  timeScale: { rightOffset: RIGHT_SPACE, barSpacing: DEFAULT_SPACING, minBarSpacing: 0.5, timeVisible: true },
  kineticScroll: { touch: true, mouse: false },
}

/** The look of the chart, at any time; narrow screens leave more room for the legend above the candles. */
export function lookOptions(colours: ChartColours, narrow: boolean): DeepPartial<ChartOptions> {
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
      minimumWidth: narrow ? 74 : 84,
      scaleMargins: { top: narrow ? 0.2 : 0.13, bottom: 0.08 },
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

/** Labels of the time axis. The library finds day borders in UTC; in local time such a bar shows its clock time where it is not midnight. */
export function tickFormatter(zone: TimeZone): (time: Time, type: TickMarkType) => string {
  return (time, type) => {
    const moment = Number(time) * 1000
    const clock = formatDate(moment, zone, SHAPES[TickMarkType.Time])
    const splitsDay = type === TickMarkType.DayOfMonth && zone === 'local' && clock !== '00:00'
    return splitsDay ? clock : formatDate(moment, zone, SHAPES[type])
  }
}
