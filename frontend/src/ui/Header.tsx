import { formatPercent, formatPrice, formatVolume } from '../chart/format'
import type { Page } from '../state/page'
import { text } from '../text/text'
import { Mark } from './icons'
import { later } from './Later'
import { Simulated, StatusPill } from './StatusPill'
import { TimeframePicker } from './TimeframePicker'
import { useSignal } from './usePage'

const ToolButtons = later((parts) => parts.ToolButtons)

interface Props {
  page: Page
  onSearch(): void
}

export function Header({ page, onSearch }: Props) {
  return (
    <header className="header">
      <h1 className="brand">
        <Mark /> <span>{text.page}</span>
      </h1>
      <button type="button" className="symbol-button" onClick={onSearch} aria-haspopup="dialog">
        <span className="symbol-name">{page.name(page.symbol)}</span> <kbd>/</kbd>
        <span className="hidden">{text.findSymbol}</span>
      </button>
      <Price page={page} />
      <TimeframePicker page={page} />
      {page.feed.list.last !== undefined && <ToolButtons page={page} />}
      <div className="pills">
        <Simulated page={page} />
        <StatusPill page={page} panel="connection" />
      </div>
    </header>
  )
}

/** The last price and the day around it, read four times a second. */
function Price({ page }: { page: Page }) {
  useSignal(page.ticked)
  const { latest, refusal } = page.feed
  if (latest === null || refusal !== null) return <div className="price-block" />
  const decimals = page.chart?.decimals ?? 2
  const day = page.watchlist.quote(page.symbol)
  const trouble = page.watchlist.trouble(page.symbol)
  const direction = (day.changePercent ?? latest.close - latest.open) < 0 ? 'falling' : 'rising'
  return (
    <div className="price-block">
      <span
        className={page.isCurrent ? `price ${direction}` : 'price old'}
        title={page.isCurrent ? undefined : page.condition.reason}
      >
        <span key={latest.close} className="flash">
          {formatPrice(latest.close, decimals)}
        </span>
      </span>
      {day.changePercent !== null && (
        <dl className={trouble === null ? 'day' : 'day old'} title={trouble ?? undefined}>
          <Fact name={text.day} value={formatPercent(day.changePercent)} className={direction} />
          <Fact name={text.high} value={formatPrice(day.high ?? 0, decimals)} className="wide-only" />
          <Fact name={text.low} value={formatPrice(day.low ?? 0, decimals)} className="wide-only" />
          <Fact name={text.volume} value={formatVolume(day.volume ?? 0)} className="wide-only" />
        </dl>
      )}
    </div>
  )
}

function Fact({ name, value, className }: { name: string; value: string; className: string }) {
  return (
    <div className={className}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
