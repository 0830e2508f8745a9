import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'
import { StarIcon } from '../icons'
import { useSignal } from '../usePage'

/** All timeframes of the server; those with a star stand in the header. */
export function TimeframeMenu({ page }: { page: Page }) {
  useSignal(page.changed)
  const { favourites } = page.settings
  const choose = (timeframe: string) => {
    page.select(page.symbol, timeframe)
    document.getElementById('timeframes')?.hidePopover()
  }
  return (
    <ul className="timeframe-menu">
      {page.timeframes.map((timeframe) => (
        <li key={timeframe}>
          <button
            type="button"
            className="panel-item"
            aria-current={timeframe === page.timeframe}
            onClick={() => choose(timeframe)}
          >
            {timeframe} <span className="state">{panelText.lengthOf(timeframe)}</span>
          </button>
          <button
            type="button"
            className={favourites.includes(timeframe) ? 'star on' : 'star'}
            aria-pressed={favourites.includes(timeframe)}
            aria-label={panelText.favourite(timeframe)}
            title={panelText.favourite(timeframe)}
            onClick={() => page.toggleFavourite(timeframe)}
          >
            <StarIcon filled={favourites.includes(timeframe)} />
          </button>
        </li>
      ))}
    </ul>
  )
}
