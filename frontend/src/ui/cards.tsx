import type { Refusal } from '../api/candleStream'
import type { Page } from '../state/page'
import { text } from '../text/text'

const ghosts = '/ghosts.svg'
/** A symbol of a link may be of any length. */
const LONGEST_NAME = 40

/** Ghost candles until the first bars have come; index.html shows the same before any script has run. */
export function Loading({ name, problem }: { name: string; problem: string | null }) {
  return (
    <div className="ghosts">
      <img src={ghosts} alt="" />
      <p role="status">{problem === null ? text.loading(name) : text.tryingAgain(problem)}</p>
    </div>
  )
}

/** The server's own sentence, and a way out. */
export function ErrorCard({ page, refusal, onSearch }: { page: Page; refusal: Refusal; onSearch(): void }) {
  return (
    <div className="card" role="alert">
      <h2>{text.cannotShow(shortened(page.symbol))}</h2>
      <p>{refusal.detail || refusal.title}</p>
      {refusal.matches.length > 0 && (
        <p className="matches">
          {refusal.matches.slice(0, 6).map((match) => (
            <button type="button" key={match} onClick={() => page.select(match, page.timeframe)}>
              {page.name(match)}
            </button>
          ))}
        </p>
      )}
      <button type="button" className="primary" onClick={onSearch}>
        {text.chooseSymbol}
      </button>
    </div>
  )
}

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
}
