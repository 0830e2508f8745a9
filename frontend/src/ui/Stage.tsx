import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Page } from '../state/page'
import { text } from '../text/text'
import { ChartReader } from './ChartReader'
import { ErrorCard, Loading } from './cards'
import { later } from './Later'
import { Legend } from './Legend'
import { OldPrices } from './OldPrices'
import { ScaleButtons } from './ScaleButtons'
import { useSignal } from './usePage'

const BarTable = later((parts) => parts.BarTable)
const SignIn = later((parts) => parts.SignIn)
const ChartTools = later((parts) => parts.ChartTools)

interface Props {
  page: Page
  /** The tools left of the chart are folded away. */
  isFolded: boolean
  onSearch(): void
}

/** The chart and what lies on top of it. */
export function Stage({ page, isFolded, onSearch }: Props) {
  const container = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => page.attachChart(container.current!), [page])
  const { feed, session } = page
  const hasBars = feed.list.last !== undefined
  const isWaiting = !hasBars && feed.refusal === null && !session.locked
  const name = `${page.name(page.symbol)} ${page.timeframe}`
  return (
    <main className="stage" aria-label={text.chartOf(feed.refusal === null ? name : page.timeframe)}>
      <ChartReader page={page}>
        <div
          ref={container}
          className={feed.refusal === null ? 'canvas' : 'canvas blank'}
          aria-hidden="true"
          data-testid="chart"
        />
      </ChartReader>
      {isFolded && (
        <button
          type="button"
          className="unfold"
          aria-label={text.unfoldStrip}
          title={text.unfoldStrip}
          onClick={() => page.change({ strip: true })}
        >
          <span aria-hidden="true">›</span>
        </button>
      )}
      {hasBars && feed.refusal === null && <Legend page={page} />}
      {feed.refusal === null && <ScaleButtons page={page} />}
      {isWaiting && feed.loading && <Loading name={name} problem={feed.problem} />}
      {isWaiting && !feed.loading && (
        <div className="card" role="status">
          <h2>{text.noTrades}</h2>
          <p>{text.noTradesOf(name)}</p>
        </div>
      )}
      {feed.refusal !== null && !session.locked && <ErrorCard page={page} refusal={feed.refusal} onSearch={onSearch} />}
      {session.locked && <SignIn session={session} />}
      {page.linkTrouble !== null && (
        <p className="chip link-trouble" role="alert">
          {page.linkTrouble}
        </p>
      )}
      {feed.loadingOlder && <p className="chip at-start">{text.loadingOlder}</p>}
      {feed.atStart && hasBars && <StartOfHistory page={page} />}
      {(!page.following || feed.detached) && hasBars && (
        <button type="button" className="chip go-live" onClick={() => void page.goLive()}>
          {text.goLive} <span aria-hidden="true">→</span>
        </button>
      )}
      {hasBars && <OldPrices page={page} />}
      {hasBars && <ChartTools page={page} />}
      {hasBars && <BarTable page={page} />}
    </main>
  )
}

/** Said only where it can be seen: at the left end of the loaded bars. */
function StartOfHistory({ page }: { page: Page }) {
  useSignal(page.ticked)
  const seen = page.chart?.visibleTimes() ?? null
  if (seen === null || seen.from !== page.feed.list.first?.time) return null
  return <p className="chip at-start">{page.feed.isCutOff ? text.nothingOlder : text.startOfHistory}</p>
}
