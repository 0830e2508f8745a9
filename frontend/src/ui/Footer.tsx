import { formatClock, formatCountdown } from '../chart/format'
import type { Page } from '../state/page'
import { useSignal } from './usePage'

export function Footer({ page }: { page: Page }) {
  useSignal(page.ticked)
  const { timeZone } = page.settings
  return (
    <footer className="footer">
      <span>
        Bar closes in <strong>{formatCountdown(page.closesInMs())}</strong>
      </span>
      <span className="bar-count">{page.feed.list.bars.length} bars</span>
      <span className="spacer" />
      <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
        Charts by TradingView
      </a>
      <button
        type="button"
        className="clock"
        title="Server time. Switch between UTC, the exchange’s time, and your local time."
        onClick={() => page.change({ timeZone: timeZone === 'utc' ? 'local' : 'utc' })}
      >
        {formatClock(page.serverNow, timeZone)}
        {timeZone === 'local' && ' local'}
      </button>
    </footer>
  )
}
