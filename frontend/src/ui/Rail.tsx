import { decimalsForPrices, formatClock, formatPercent, formatPrice } from '../chart/format'
import { NO_QUOTE, type Quote } from '../feed/watchlist'
import type { Page } from '../state/page'
import { formatDelay } from './StatusPill'
import { useSignal } from './usePage'

/** Right of the chart: the watchlist, and what makes an outage explainable. */
export function Rail({ page, onSearch }: { page: Page; onSearch(): void }) {
  return (
    <aside className="rail" aria-label="Watchlist and connection">
      <section aria-labelledby="watchlist-title">
        <h2 id="watchlist-title">Watchlist</h2>
        <WatchRows page={page} />
        {page.watched.includes(page.symbol) || page.feed.refusal !== null ? (
          <button type="button" className="quiet" onClick={onSearch}>
            Find a symbol
          </button>
        ) : (
          <button type="button" className="quiet" onClick={() => page.watch(page.symbol)}>
            Watch {page.name(page.symbol)}
          </button>
        )}
      </section>
      <section aria-labelledby="connection-title">
        <h2 id="connection-title">Connection</h2>
        <Facts page={page} />
        <ol className="events" aria-label="Last changes of the connection">
          {page.log.events.map((event) => (
            <li key={`${event.at} ${event.word}`} title={event.reason}>
              <time>{formatClock(event.at, 'local')}</time>
              <span className={`event-dot ${event.kind}`} aria-hidden="true" />
              <span>{event.word}</span>
            </li>
          ))}
        </ol>
      </section>
    </aside>
  )
}

function WatchRows({ page }: { page: Page }) {
  useSignal(page.ticked)
  if (page.session.locked) return null
  if (page.watched.length === 0 && page.symbols.length === 0) return <p className="skeleton">Loading symbols…</p>
  return (
    <ul className="watchlist">
      {page.watched.map((symbol) => (
        <li key={symbol}>
          <WatchRow page={page} symbol={symbol} />
        </li>
      ))}
    </ul>
  )
}

function WatchRow({ page, symbol }: { page: Page; symbol: string }) {
  const quote = page.watchlist.quote(symbol)
  const trouble = page.watchlist.trouble(symbol)
  const direction = (quote.changePercent ?? 0) < 0 ? 'falling' : 'rising'
  return (
    <>
      <button
        type="button"
        className={trouble === null ? 'watch-row' : 'watch-row old'}
        title={trouble ?? undefined}
        aria-current={symbol === page.symbol}
        onClick={() => page.select(symbol, page.timeframe)}
      >
        <span className="watch-name">{page.name(symbol)}</span>
        {trouble !== null && <span className="hidden">{trouble}</span>}
        <Sparkline quote={quote} className={direction} />
        <span className="watch-price">
          <span>{quote.last === null ? '—' : formatPrice(quote.last, decimalsForPrices(quote.spark))}</span>
          <span className={direction}>{quote.changePercent === null ? '' : formatPercent(quote.changePercent)}</span>
        </span>
      </button>
      <button type="button" className="unwatch" onClick={() => page.unwatch(symbol)}>
        <span aria-hidden="true">×</span>
        <span className="hidden">Stop watching {page.name(symbol)}</span>
      </button>
    </>
  )
}

function Sparkline({ quote, className }: { quote: Quote; className: string }) {
  const { spark } = quote === NO_QUOTE ? NO_QUOTE : quote
  if (spark.length < 2) return <span className="spark" />
  const low = Math.min(...spark)
  const span = Math.max(...spark) - low || 1
  const points = spark.map((price, index) => {
    const x = (index / (spark.length - 1)) * 54
    return `${x.toFixed(1)},${(18 - ((price - low) / span) * 16).toFixed(1)}`
  })
  return (
    <svg className={`spark ${className}`} viewBox="0 0 54 20" aria-hidden="true">
      <polyline points={points.join(' ')} fill="none" stroke="currentColor" strokeWidth="1.3" />
    </svg>
  )
}

function Facts({ page }: { page: Page }) {
  useSignal(page.ticked)
  const { phase, lastMessageAt, delayMs, attempt, polling, role } = page.client.status
  const { gaps } = page.feed
  const source = phase === 'open' ? 'SSE stream' : polling.ok === true ? 'HTTP polling' : '—'
  const age = lastMessageAt === null ? '—' : `${Math.max(Math.floor((Date.now() - lastMessageAt) / 1000), 0)} s ago`
  const facts: [string, string][] = [
    ['Source', role === 'follower' && phase === 'open' ? 'SSE, by another tab' : source],
    ['Last message', age],
    ['Delay', phase === 'open' && delayMs !== null ? formatDelay(delayMs) : '—'],
    ['Retries', String(attempt)],
    ['Gaps', gaps.length === 0 ? 'none' : String(gaps.length)],
  ]
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
