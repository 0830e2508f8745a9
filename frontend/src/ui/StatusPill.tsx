import type { ChartPage } from '../state/chartPage'
import { text } from '../text/text'
import { ConditionIcon } from './icons'
import { useSignal } from './usePage'

interface Props {
  page: ChartPage
  /** The panel that explains the word, where there is one. */
  panel?: string
}

/** One word of truth about the prices. Only the word is announced; the milliseconds beside it would never stop. */
export function StatusPill({ page, panel }: Props) {
  useSignal(page.ticked)
  const { kind, word, reason, retryAt, canRetry } = page.condition
  const { delayMs } = page.client.status
  const retryIn = retryAt === null ? null : Math.max(Math.ceil((retryAt - Date.now()) / 1000), 0)
  const sign = (
    <>
      <ConditionIcon kind={kind} />
      <span aria-hidden={panel === undefined}>{word}</span>
    </>
  )
  return (
    <div className={`pill ${kind}`} title={reason} data-condition={kind}>
      {panel === undefined ? (
        <span className="sign">{sign}</span>
      ) : (
        <button type="button" className="sign" popovertarget={panel}>
          {sign}
          <span className="hidden">, {text.connection}</span>
        </button>
      )}
      {kind === 'live' && delayMs !== null && <span className="delay">{formatDelay(delayMs)}</span>}
      <span role="status" className="hidden">
        {kind === 'live' && '⚡ '}
        {word}. {kind === 'stale' ? text.silent : reason}
      </span>
      {retryIn !== null && canRetry && (
        <button type="button" className="retry" onClick={() => page.client.reconnect()}>
          {text.retryIn(retryIn)}
        </button>
      )}
      {retryIn !== null && !canRetry && <span className="delay">{retryIn}s</span>}
    </div>
  )
}

/** Beside the pill, whatever it says: these prices are invented. */
export function Simulated({ page }: { page: ChartPage }) {
  if (page.isSimulated !== true) return null
  return (
    <span className="pill simulated" title={text.simulatedMeans}>
      {text.simulated}
      <span className="hidden">. {text.simulatedMeans}</span>
    </span>
  )
}

export function formatDelay(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
