import { formatMoment } from '../chart/format'
import type { ChartPage } from '../state/chartPage'
import { text } from '../text/text'
import { useSignal } from './usePage'

/** The chart stays when the data stops; this says that it is old. */
export function OldPrices({ page }: { page: ChartPage }) {
  useSignal(page.ticked)
  const { kind, reason } = page.condition
  const { keptAt } = page.feed
  if (keptAt === null && kind !== 'offline' && kind !== 'down' && kind !== 'stale' && kind !== 'locked') return null
  return (
    <p className="chip old-prices" role="alert">
      {text.showingLast(page.feed.list.bars.length, kind === 'stale' ? text.silent : reason)}
      {keptAt !== null && ` ${text.asOf(formatMoment(keptAt, page.settings.timeZone))}`}
    </p>
  )
}
