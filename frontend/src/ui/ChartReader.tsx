import type { ComponentChildren, TargetedKeyboardEvent } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { Candle } from '../api/candleStream'
import { formatMoment, formatPrice, formatVolume } from '../chart/format'
import type { ChartPage } from '../state/chartPage'
import { text } from '../text/text'

/** The chart for the keyboard and for those who do not see it: once focused, the arrows go from candle to candle and each is spoken. */
export function ChartReader({ page, children }: { page: ChartPage; children: ComponentChildren }) {
  const [spoken, setSpoken] = useState('')
  const at = useRef<number | null>(null)
  const byPointer = useRef(false)

  const leave = () => {
    at.current = null
    byPointer.current = false
    setSpoken('')
    page.chart?.pointAt(null)
  }

  const go = (index: number) => {
    const { bars } = page.feed.list
    const bar = bars[Math.min(Math.max(index, 0), bars.length - 1)]
    if (bar === undefined) return
    const before = at.current
    at.current = bar.time
    page.chart?.pointAt(bar)
    setSpoken([sayGap(page, before, bar.time), sayCandle(page, bar)].filter(Boolean).join(' '))
  }

  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    // After a click on it the arrows scroll, as everywhere.
    if (byPointer.current || event.ctrlKey || event.metaKey || event.altKey) return
    const { list } = page.feed
    const index = at.current === null ? list.bars.length - 1 : list.indexAt(at.current)
    const step = event.shiftKey ? 10 : 1
    if (event.key === 'ArrowLeft') go(at.current === null ? index : index - step)
    else if (event.key === 'ArrowRight') go(index + step)
    else if (event.key === 'Home') go(0)
    else if (event.key === 'End') go(list.bars.length - 1)
    else if (event.key === 'Escape') leave()
    else return
    event.preventDefault()
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div
      className="reader"
      role="group"
      aria-roledescription="chart"
      aria-label={`${text.chartOf(`${page.name(page.symbol)} ${page.timeframe}`)}. ${text.chartKeys}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrows read the chart
      tabIndex={0}
      onKeyDown={onKey}
      onPointerDown={() => {
        byPointer.current = true
      }}
      onBlur={leave}
    >
      {children}
      <p className="hidden" aria-live="polite" data-testid="spoken">
        {spoken}
      </p>
    </div>
  )
}

function sayCandle(page: ChartPage, bar: Candle): string {
  const price = (value: number) => formatPrice(value, page.chart?.decimals ?? 2)
  const moment = formatMoment(bar.time, page.settings.timeZone)
  const { open, high, low, close, volume } = bar
  const words = text.candle(moment, price(open), price(high), price(low), price(close), formatVolume(volume))
  return bar.closed ? words : `${words} ${text.forming}`
}

/** What lies between two candles and is not known. */
function sayGap(page: ChartPage, a: number | null, b: number): string {
  if (a === null) return ''
  const [from, to] = a < b ? [a, b] : [b, a]
  const gap = page.feed.gaps.find(([start, end]) => end > from && start < to)
  const zone = page.settings.timeZone
  return gap === undefined ? '' : text.cut(formatMoment(gap[0], zone), formatMoment(gap[1], zone))
}
