import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Page } from '../state/page'
import { text } from '../text/text'

/** A real radio group in the shape of a segmented control: the favourites and the chosen one. A button opens the list of all. */
export function TimeframePicker({ page }: { page: Page }) {
  const group = useRef<HTMLFieldSetElement>(null)
  const byPointer = useRef(false)
  useLayoutEffect(() => {
    // Where the row is longer than the screen.
    group.current
      ?.querySelector('input:checked')
      ?.parentElement?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [page.timeframe])

  const { favourites } = page.settings
  const shown = page.timeframes.filter((one) => one === page.timeframe || favourites.includes(one))
  const choose = (input: HTMLInputElement, timeframe: string) => {
    page.select(page.symbol, timeframe)
    // After a click the arrows are the chart's: the group owns them only where the keyboard has entered it.
    if (byPointer.current) input.blur()
  }

  return (
    <fieldset
      ref={group}
      className="timeframes"
      onPointerDown={() => {
        byPointer.current = true
      }}
      onKeyDown={() => {
        byPointer.current = false
      }}
    >
      <legend className="hidden">{text.timeframe}</legend>
      {shown.map((timeframe) => (
        <label key={timeframe}>
          <input
            type="radio"
            name="timeframe"
            value={timeframe}
            checked={timeframe === page.timeframe}
            onChange={(event) => choose(event.currentTarget, timeframe)}
            onClick={(event) => byPointer.current && event.currentTarget.blur()}
          />
          <span>{timeframe}</span>
        </label>
      ))}
      <button
        type="button"
        className="all-timeframes"
        popovertarget="timeframes"
        aria-label={text.allTimeframes}
        title={text.allTimeframes}
      >
        <span aria-hidden="true">▾</span>
      </button>
    </fieldset>
  )
}
