import { formatMoment, formatPercent, formatPrice, formatSigned, formatVolume } from '../chart/format'
import type { ChartPage } from '../state/chartPage'
import { text } from '../text/text'
import { useSignal } from './usePage'

/** Names the series and reads out the bar under the crosshair, or the last one. The text alternative of the canvas. */
export function Legend({ page }: { page: ChartPage }) {
  useSignal(page.ticked)
  useSignal(page.hoverChanged)
  const { feed, hoveredTime } = page
  const hovered = hoveredTime === null ? undefined : feed.list.at(hoveredTime)
  const gap =
    hoveredTime === null || hovered ? undefined : feed.gaps.find(([a, b]) => hoveredTime >= a && hoveredTime < b)
  const bar = hovered ?? feed.latest
  if (bar === null) return null
  // The axis' own precision: one odd trade must not make the line jump. The table for readers has every digit.
  const decimals = page.chart?.decimals ?? 2
  const change = bar.close - bar.open
  const direction = change < 0 ? 'falling' : 'rising'
  const zone = page.settings.timeZone
  return (
    <div className="legend">
      <p className="legend-title">
        <strong>{page.name(page.symbol)}</strong> <span>·</span> {page.timeframe}
        <Source simulated={page.isSimulated} />
      </p>
      {gap ? (
        <p className="legend-gap">{text.cut(formatMoment(gap[0], zone), formatMoment(gap[1], zone))}</p>
      ) : (
        <dl className={`legend-values ${direction}`}>
          <Value name="O" label={text.open} value={formatPrice(bar.open, decimals)} />
          <Value name="H" label={text.high} value={formatPrice(bar.high, decimals)} />
          <Value name="L" label={text.low} value={formatPrice(bar.low, decimals)} />
          <Value name="C" label={text.closePrice} value={formatPrice(bar.close, decimals)} />
          <Value
            name=""
            label={text.change}
            value={`${formatSigned(change, decimals)} (${bar.open === 0 ? '—' : formatPercent((change / bar.open) * 100)})`}
          />
          <Value name={text.volumeShort} label={text.volume} value={formatVolume(bar.volume)} />
        </dl>
      )}
    </div>
  )
}

/** Nothing until the server has said whose prices these are. */
function Source({ simulated }: { simulated: boolean | null }) {
  if (simulated === null) return null
  return (
    <>
      {' '}
      <span>·</span> {simulated ? text.simulator : 'Bitfinex'}
    </>
  )
}

function Value({ name, label, value }: { name: string; label: string; value: string }) {
  return (
    <div>
      <dt>
        <span aria-hidden="true">{name}</span>
        <span className="hidden">{label}</span>
      </dt>
      <dd>{value}</dd>
    </div>
  )
}
