import { useLayoutEffect, useRef } from 'preact/hooks'
import type { EmbedPage } from '../state/embedPage'
import { text } from '../text/text'
import { ChartReader } from './ChartReader'
import { Loading } from './cards'
import { Legend } from './Legend'
import { BarTable } from './later/BarTable'
import { OldPrices } from './OldPrices'
import { Simulated, StatusPill } from './StatusPill'
import { useSignal } from './usePage'

/** One chart, what is said about it, and nothing to choose. */
export function EmbedApp({ page }: { page: EmbedPage }) {
  useSignal(page.changed)
  const container = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => page.attachChart(container.current!), [page])
  const { feed, access, width, height } = page
  const name = `${page.name(page.symbol)} ${page.timeframe}`
  const hasBars = feed.list.last !== undefined
  const trouble = access.closed?.reason ?? feed.refusal?.detail ?? null
  return (
    <div className="embed" style={{ width: pixels(width), height: pixels(height) }}>
      <main className="stage" aria-label={text.chartOf(name)}>
        <h1 className="hidden">{text.chartOf(name)}</h1>
        <ChartReader page={page}>
          <div ref={container} className={feed.refusal === null ? 'canvas' : 'canvas blank'} aria-hidden="true" />
        </ChartReader>
        {hasBars && feed.refusal === null && <Legend page={page} />}
        {!hasBars && feed.loading && trouble === null && <Loading name={name} problem={feed.problem} />}
        {!hasBars && !feed.loading && trouble === null && (
          <p className="card" role="status">
            {text.noTradesOf(name)}
          </p>
        )}
        {!hasBars && trouble !== null && (
          <div className="card" role="alert">
            <h2>{text.cannotShow(name)}</h2>
            <p>{trouble}</p>
          </div>
        )}
        {page.linkTrouble !== null && (
          <p className="chip link-trouble" role="alert">
            {page.linkTrouble}
          </p>
        )}
        {!page.following && hasBars && (
          <button type="button" className="chip go-live" onClick={() => void page.goLive()}>
            {text.goLive} <span aria-hidden="true">→</span>
          </button>
        )}
        {hasBars && <OldPrices page={page} />}
        {hasBars && <BarTable page={page} />}
      </main>
      <footer className="embed-foot">
        <StatusPill page={page} />
        <Simulated page={page} />
        <span className="spacer" />
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          {text.chartsBy}
        </a>
      </footer>
    </div>
  )
}

function pixels(size: number | null): string {
  return size === null ? '' : `${size}px`
}
