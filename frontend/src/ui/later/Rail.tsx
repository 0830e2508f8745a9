import { useRef } from 'preact/hooks'
import { decimalsForPrices, formatPercent, formatPrice } from '../../chart/format'
import { NO_QUOTE, type Quote } from '../../feed/watchlist'
import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import { CloseButton } from '../CloseButton'
import { useSignal } from '../usePage'

interface Props {
  page: Page
  /** It lies over the chart and is opened by a button, instead of standing beside it. */
  isDrawer: boolean
  onSearch(): void
}

/** Right of the chart: the watchlist. */
export function Rail({ page, isDrawer, onSearch }: Props) {
  const drawer = useRef<HTMLElement>(null)
  const close = () => isDrawer && drawer.current?.matches(':popover-open') && drawer.current.hidePopover()
  const search = () => {
    close()
    onSearch()
  }
  return (
    <aside
      key={String(isDrawer)}
      id="rail"
      ref={drawer}
      className={isDrawer ? 'rail drawer' : 'rail'}
      popover={isDrawer ? 'auto' : undefined}
      aria-label={text.watchlist}
    >
      {isDrawer && <CloseButton panel="rail" />}
      <section aria-labelledby="watchlist-title">
        <h2 id="watchlist-title">{text.watchlist}</h2>
        {!isDrawer && (
          <button
            type="button"
            className="fold-rail"
            aria-label={panelText.foldRail}
            title={`${panelText.foldRail} (W)`}
            onClick={() => page.change({ rail: false })}
          >
            <span aria-hidden="true">›</span>
          </button>
        )}
        <WatchRows page={page} onChosen={close} />
        {!page.watched.includes(page.symbol) && page.feed.refusal === null && (
          <button type="button" className="quiet" onClick={() => page.watch(page.symbol)}>
            <span aria-hidden="true">+ </span>
            {panelText.watch(page.name(page.symbol))}
          </button>
        )}
        <button type="button" className="quiet" onClick={search}>
          {panelText.addSymbol}
        </button>
      </section>
    </aside>
  )
}

function WatchRows({ page, onChosen }: { page: Page; onChosen(): void }) {
  useSignal(page.ticked)
  if (page.session.locked) return null
  if (page.watched.length === 0 && page.symbols.length === 0)
    return <p className="skeleton">{panelText.loadingSymbols}</p>
  return (
    <ul className="watchlist">
      {page.watched.map((symbol) => (
        <li key={symbol}>
          <WatchRow page={page} symbol={symbol} onChosen={onChosen} />
        </li>
      ))}
    </ul>
  )
}

function WatchRow({ page, symbol, onChosen }: { page: Page; symbol: string; onChosen(): void }) {
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
        onClick={() => {
          page.select(symbol, page.timeframe)
          onChosen()
        }}
      >
        <WatchName name={page.name(symbol)} />
        {trouble !== null && <span className="hidden">{trouble}</span>}
        <Sparkline quote={quote} className={direction} />
        <span className="watch-price">
          <span>{quote.last === null ? '—' : formatPrice(quote.last, decimalsForPrices(quote.spark))}</span>
          <span className={direction}>{quote.changePercent === null ? '' : formatPercent(quote.changePercent)}</span>
        </span>
      </button>
      <button type="button" className="unwatch" onClick={() => page.unwatch(symbol)}>
        <span aria-hidden="true">×</span>
        <span className="hidden">{panelText.unwatch(page.name(symbol))}</span>
      </button>
    </>
  )
}

/** A long name is written smaller, not cut: two perpetuals must not look alike. */
function WatchName({ name }: { name: string }) {
  return (
    <span className={name.length > 9 ? 'watch-name long' : 'watch-name'}>
      {name.length > 9 ? name.replace('/', '/\u200b') : name}
    </span>
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
      <polyline points={points.join(' ')} fill="none" stroke="currentColor" stroke-width="1.3" />
    </svg>
  )
}
