import { formatClock } from '../../chart/format'
import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'
import { formatDelay } from '../StatusPill'
import { useSignal } from '../usePage'

/** What makes an outage explainable: how the candles come now, and what has changed lately. */
export function Connection({ page }: { page: Page }) {
  useSignal(page.ticked)
  return (
    <>
      <p className="reason">{page.condition.reason}</p>
      <Facts page={page} />
      <ol className="events" aria-label={panelText.lastChanges}>
        {page.log.events.map((event) => (
          <li key={`${event.at} ${event.word}`} title={event.reason}>
            <time>{formatClock(event.at, page.settings.timeZone)}</time>
            <span className={`event-dot ${event.kind}`} aria-hidden="true" />
            <span>{event.word}</span>
          </li>
        ))}
      </ol>
    </>
  )
}

function Facts({ page }: { page: Page }) {
  const { phase, lastMessageAt, delayMs, attempt, polling, role } = page.client.status
  const { gaps } = page.feed
  const source = phase === 'open' ? panelText.sse : polling.ok === true ? panelText.http : '—'
  const age = lastMessageAt === null ? '—' : panelText.ago(Math.max(Math.floor((Date.now() - lastMessageAt) / 1000), 0))
  const facts: [string, string][] = [
    [panelText.source, role === 'follower' && phase === 'open' ? panelText.sseByOther : source],
    [panelText.lastMessage, age],
    [panelText.delay, phase === 'open' && delayMs !== null ? formatDelay(delayMs) : '—'],
    [panelText.retries, String(attempt)],
    [panelText.gaps, gaps.length === 0 ? panelText.none : String(gaps.length)],
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
