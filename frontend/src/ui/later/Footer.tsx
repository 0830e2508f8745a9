import { formatClock, formatCountdown } from '../../chart/format'
import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import { useSignal } from '../usePage'

export function Footer({ page }: { page: Page }) {
  useSignal(page.ticked)
  const { timeZone } = page.settings
  const gaps = page.feed.gaps.length
  return (
    <footer className="footer">
      <span>
        {panelText.barClosesIn} <strong>{formatCountdown(page.closesInMs)}</strong>
      </span>
      <span className="bar-count">{panelText.bars(page.feed.list.bars.length)}</span>
      {gaps > 0 && (
        <button type="button" className="gap-count" title={panelText.gapsMean} onClick={() => page.showGap()}>
          <span className="hatch" aria-hidden="true" /> {panelText.gapCount(gaps)}
        </button>
      )}
      <span className="spacer" />
      <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
        {text.chartsBy}
      </a>
      <button
        type="button"
        className="clock"
        title={panelText.clockMeans}
        onClick={() => page.change({ timeZone: timeZone === 'utc' ? 'local' : 'utc' })}
      >
        {formatClock(page.serverNow, timeZone)}
      </button>
    </footer>
  )
}
