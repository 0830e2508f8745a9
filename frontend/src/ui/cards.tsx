import type { Refusal } from '../api/candleStream'
import type { Page } from '../state/page'

const GHOSTS = 42

/** Ghost candles until the first bars have come. */
export function Loading({ name, problem }: { name: string; problem: string | null }) {
  const ghosts = Array.from({ length: GHOSTS }, (_, index) => {
    const wave = Math.sin(index / 4.2) + Math.sin(index * 1.7) * 0.35
    return { x: index * 24, y: 250 - wave * 130, height: 90 + Math.abs(Math.sin(index * 2.3)) * 170 }
  })
  return (
    <div className="ghosts">
      <svg viewBox={`0 0 ${GHOSTS * 24} 640`} preserveAspectRatio="none" aria-hidden="true">
        {ghosts.map(({ x, y, height }) => (
          <rect key={x} x={x + 5} y={y - height / 2} width="13" height={height} rx="2" />
        ))}
      </svg>
      <p role="status">{problem === null ? `Loading ${name}…` : `${problem} Trying again…`}</p>
    </div>
  )
}

/** The server's own sentence, and a way out. */
export function ErrorCard({ page, refusal, onSearch }: { page: Page; refusal: Refusal; onSearch(): void }) {
  return (
    <div className="card" role="alert">
      <h2>Can’t show {page.symbol}</h2>
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
        Choose a symbol
      </button>
    </div>
  )
}
