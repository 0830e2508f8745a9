import { useEffect, useRef } from 'react'
import type { Page } from '../state/page'
import { BarTable } from './BarTable'
import { ErrorCard, Loading } from './cards'
import { Legend } from './Legend'
import { SignIn } from './SignIn'
import { useSignal } from './usePage'

/** The chart and what lies on top of it. */
export function Stage({ page, onSearch }: { page: Page; onSearch(): void }) {
  const container = useRef<HTMLDivElement>(null)
  useEffect(() => page.attachChart(container.current!), [page])
  const { feed, session } = page
  const hasBars = feed.list.last !== undefined
  const isWaiting = !hasBars && feed.refusal === null && !session.locked
  const name = `${page.name(page.symbol)} ${page.timeframe}`
  return (
    <main className="stage" aria-label={`Chart of ${name}`}>
      <div
        ref={container}
        className={feed.refusal === null ? 'canvas' : 'canvas blank'}
        aria-hidden="true"
        data-testid="chart"
      />
      {hasBars && feed.refusal === null && <Legend page={page} />}
      {isWaiting && feed.loading && <Loading name={name} problem={feed.problem} />}
      {isWaiting && !feed.loading && (
        <div className="card" role="status">
          <h2>No trades yet</h2>
          <p>The server has no candles of {name}. The first trade will appear here.</p>
        </div>
      )}
      {feed.refusal !== null && !session.locked && <ErrorCard page={page} refusal={feed.refusal} onSearch={onSearch} />}
      {session.locked && <SignIn session={session} />}
      {feed.loadingOlder && <p className="chip at-start">Loading older bars…</p>}
      {feed.atStart && hasBars && <StartOfHistory page={page} />}
      {(!page.following || feed.detached) && hasBars && (
        <button type="button" className="chip go-live" onClick={() => void page.goLive()}>
          Go to live <span aria-hidden="true">→</span>
        </button>
      )}
      {hasBars && <OldPrices page={page} />}
      {hasBars && <BarTable page={page} />}
    </main>
  )
}

/** Said only where it can be seen: at the left end of the loaded bars. */
function StartOfHistory({ page }: { page: Page }) {
  useSignal(page.ticked)
  const seen = page.chart?.visibleTimes() ?? null
  if (seen === null || seen.from !== page.feed.list.first?.time) return null
  return <p className="chip at-start">Start of history</p>
}

/** The chart stays when the data stops; this says that it is old. */
function OldPrices({ page }: { page: Page }) {
  useSignal(page.ticked)
  const { kind, reason } = page.condition
  if (kind !== 'offline' && kind !== 'down' && kind !== 'stale' && kind !== 'locked') return null
  return (
    <p className="chip old-prices" role="alert">
      Showing the last {page.feed.list.bars.length} bars. {kind === 'stale' ? 'The stream is silent.' : reason}
    </p>
  )
}
