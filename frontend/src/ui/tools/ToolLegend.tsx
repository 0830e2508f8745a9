import type { TargetedKeyboardEvent } from 'preact'
import { useEffect } from 'preact/hooks'
import { formatPercent, formatPrice } from '../../chart/format'
import type { Placed } from '../../chart/tools/indicators/indicatorLayer'
import { formatParameter, formatReading } from '../../chart/tools/indicators/reading'
import { isFirm, type Reading } from '../../chart/tools/indicators/run'
import { indicatorOf } from '../../chart/tools/indicators/table'
import type { Page } from '../../state/page'
import type { Tools } from '../../state/tools/tools'
import { panelText } from '../../text/panelText'
import type { Toolbox } from '../later/toolbox'
import { useSignal } from '../usePage'

interface Props {
  page: Page
  box: Toolbox
  tools: Tools
}

/** A row for each symbol compared and each indicator: on the candles below the legend of the bar, in a pane of its own at its top. */
export function ToolLegend({ page, box, tools }: Props) {
  useSignal(page.ticked)
  useSignal(page.hoverChanged)
  useSignal(tools.store.changed)
  const { compare, indicators } = tools
  const isOwn = ({ id }: Placed) => indicatorOf(id)?.pane === 'own'
  const onCandles = indicators.placed.filter((placed) => !isOwn(placed))
  const rows = onCandles.length + compare.symbols.length
  useEffect(() => page.chart?.setLegendRows(rows), [page, rows])
  if (page.feed.list.last === undefined || page.feed.refusal !== null) return null
  const row = (placed: Placed) => <Row key={placed.key} page={page} box={box} tools={tools} placed={placed} />
  return (
    <div className="tool-legends">
      <ul className="tool-legend" aria-label={panelText.indicators}>
        {compare.symbols.map((symbol) => (
          <ComparedRow key={symbol} page={page} tools={tools} symbol={symbol} />
        ))}
        {onCandles.map(row)}
      </ul>
      {indicators.placed.filter(isOwn).map((placed) => (
        <ul
          key={placed.key}
          className="tool-legend own"
          aria-label={indicators.name(placed)}
          style={{ top: `${(indicators.layer.topOf(placed.key) ?? 0) + 2}px` }}
        >
          {row(placed)}
        </ul>
      ))}
    </div>
  )
}

function ComparedRow({ page, tools, symbol }: { page: Page; tools: Tools; symbol: string }) {
  const { compare } = tools
  const name = page.name(symbol)
  const change = compare.changeAt(symbol, page.hoveredTime)
  return (
    <li>
      <span className={`swatch ink${compare.inkOf(symbol)}`} aria-hidden="true" />
      <span className="indicator-name">{name}</span>
      <span className="indicator-values" title={panelText.sinceLeft}>
        <span className={`ink${compare.inkOf(symbol)}`}>{change === null ? '—' : formatPercent(change)}</span>{' '}
        <span className="doubt">{compare.trouble(symbol)}</span>
      </span>
      <span className="row-buttons">
        <RemoveButton name={name} onClick={() => compare.remove(symbol)} />
      </span>
    </li>
  )
}

function RemoveButton({ name, onClick }: { name: string; onClick(): void }) {
  return (
    <button type="button" aria-label={panelText.remove(name)} title={panelText.remove(name)} onClick={onClick}>
      <span aria-hidden="true">×</span>
    </button>
  )
}

function Row({ page, box, tools, placed }: Props & { placed: Placed }) {
  const set = tools.indicators
  const indicator = indicatorOf(placed.id)!
  const name = set.name(placed)
  const time = page.hoveredTime ?? page.feed.list.last?.time ?? 0
  const reading = set.layer.reading(placed.key, time)
  const values = set.layer.values(placed.key, time)
  const format = (value: number) =>
    indicator.pane === 'price' ? formatPrice(value, page.chart?.decimals ?? 2) : formatReading(value)
  const isDoubtful = reading !== undefined && reading.values !== null && !isFirm(reading)
  const onKey = (event: TargetedKeyboardEvent<HTMLLIElement>) => {
    if (!event.altKey || !/^Arrow(Up|Down)$/.test(event.key)) return
    event.preventDefault()
    set.move(placed.key, event.key === 'ArrowUp' ? -1 : 1)
  }
  return (
    <li className={placed.hidden ? 'hidden-row' : ''} onKeyDown={onKey}>
      <span className={`swatch ink${placed.ink[0] ?? 0}`} aria-hidden="true" />
      <span className="indicator-name">
        {indicator.name} <span className="muted">{placed.parameters.map(formatParameter).join(' ')}</span>
      </span>
      {!placed.hidden && indicator.profile === undefined && (
        <span className="indicator-values">
          {isDoubtful && '≈ '}
          {indicator.lines.map((line, i) => (
            <span key={line.name} className={`ink${placed.ink[i]}`}>
              <span className="hidden">{line.name}</span>{' '}
              {Number.isFinite(values[i] ?? Number.NaN) ? format(values[i]!) : '—'}{' '}
            </span>
          ))}
          <span className="doubt">{doubtOf(reading)}</span>
        </span>
      )}
      <span className="row-buttons">
        <button
          type="button"
          aria-label={panelText.hide(name)}
          title={panelText.hide(name)}
          aria-pressed={placed.hidden}
          onClick={() => set.edit(placed.key, { hidden: !placed.hidden })}
        >
          <Icon path="M2.5 10s2.8-4.7 7.5-4.7S17.5 10 17.5 10s-2.8 4.7-7.5 4.7S2.5 10 2.5 10ZM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z" />
        </button>
        <button
          type="button"
          aria-label={panelText.edit(name)}
          title={panelText.edit(name)}
          onClick={() => box.showIndicators(placed.key)}
        >
          <Icon path="M4 6h7m4 0h1M4 14h1m4 0h7M13 4v4M7 12v4" />
        </button>
        <RemoveButton name={name} onClick={() => set.remove(placed.key)} />
      </span>
    </li>
  )
}

/** Why a value is not, or not yet, what it will be. */
function doubtOf(reading: Reading | undefined): string {
  if (reading === undefined || isFirm(reading)) return ''
  const { values, seen, needed, sinceGap } = reading
  if (needed === Number.POSITIVE_INFINITY) return panelText.sinceUnknown
  if (values === null) return panelText.needsBars(needed, seen)
  return sinceGap ? panelText.barsSinceGap(seen, needed) : panelText.barsLoaded(seen, needed)
}

function Icon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  )
}
