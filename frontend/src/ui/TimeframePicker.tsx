import type { Page } from '../state/page'

/** A real radio group in the shape of a segmented control. */
export function TimeframePicker({ page }: { page: Page }) {
  return (
    <fieldset className="timeframes">
      <legend className="hidden">Timeframe</legend>
      {page.timeframes.map((timeframe) => (
        <label key={timeframe}>
          <input
            type="radio"
            name="timeframe"
            value={timeframe}
            checked={timeframe === page.timeframe}
            onChange={() => page.select(page.symbol, timeframe)}
          />
          <span>{timeframe}</span>
        </label>
      ))}
    </fieldset>
  )
}
