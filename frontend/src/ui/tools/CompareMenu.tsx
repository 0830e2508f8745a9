import { useState } from 'preact/hooks'
import { readSymbol } from '../../state/address'
import type { Page } from '../../state/page'
import { listedSymbol } from '../../state/symbolName'
import type { Tools } from '../../state/tools/tools'
import { panelText } from '../../text/panelText'
import { useSignal } from '../usePage'

/** Which symbols are drawn beside the chart's own. */
export function CompareMenu({ page, tools }: { page: Page; tools: Tools }) {
  useSignal(tools.store.changed)
  const [typed, setTyped] = useState('')
  const { compare } = tools
  const add = (event: SubmitEvent) => {
    event.preventDefault()
    if (typed.trim() === '') return
    const symbol = readSymbol(typed.trim())
    compare.add(listedSymbol(symbol, page.symbols) ?? symbol)
    setTyped('')
  }
  return (
    <>
      <form className="compare-form" onSubmit={add}>
        <input
          aria-label={panelText.compareHint}
          placeholder={panelText.compareHint}
          list="compare-symbols"
          autocomplete="off"
          spellcheck={false}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit">{panelText.addCompared}</button>
        <datalist id="compare-symbols">
          {page.symbols.map(({ symbol }) => (
            <option key={symbol} value={page.name(symbol)} />
          ))}
        </datalist>
      </form>
      <ul className="compare-list">
        {compare.symbols.map((symbol) => (
          <li key={symbol}>
            <span className={`swatch ink${compare.inkOf(symbol)}`} aria-hidden="true" /> {page.name(symbol)}
            <button
              type="button"
              aria-label={panelText.remove(page.name(symbol))}
              title={panelText.remove(page.name(symbol))}
              onClick={() => compare.remove(symbol)}
            >
              <span aria-hidden="true">×</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
