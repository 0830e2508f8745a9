import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { decimalsForPrices, formatPercent, formatPrice } from '../chart/format'
import type { Page } from '../state/page'
import { findSymbols } from '../state/symbolName'

const SHOWN = 60

/** Keyboard first: type, arrows, Enter. A combobox over a list, in a native dialog. */
export function SymbolDialog({ page, onClose }: { page: Page; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState('')
  const [marked, setMarked] = useState(0)
  const found = findSymbols(typed, page.symbols, SHOWN)

  useEffect(() => dialog.current?.showModal(), [])
  useEffect(() => {
    list.current?.children[marked]?.scrollIntoView({ block: 'nearest' })
  }, [marked])

  const choose = (symbol: string | undefined) => {
    // Where the server lists nothing, it may still know what was typed.
    const wanted = symbol ?? (page.symbols.length === 0 ? typed.trim().toUpperCase() : undefined)
    if (wanted === undefined || wanted === '') return
    page.select(wanted, page.timeframe)
    dialog.current?.close()
  }

  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') choose(found[marked]?.symbol)
    else if (event.key === 'ArrowDown') setMarked(Math.min(marked + 1, found.length - 1))
    else if (event.key === 'ArrowUp') setMarked(Math.max(marked - 1, 0))
    else return
    event.preventDefault()
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc is the dialog's own; the click is on the backdrop only
    <dialog
      ref={dialog}
      className="search"
      aria-label="Find a symbol"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="symbol-list"
        aria-activedescendant={found[marked] ? `symbol-${marked}` : undefined}
        aria-label="Search symbols"
        placeholder="Search symbols…"
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onKeyDown={onKey}
        onChange={(event) => {
          setTyped(event.target.value)
          setMarked(0)
        }}
      />
      <div role="listbox" id="symbol-list" ref={list} aria-label="Symbols">
        {found.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above holds the focus and the keys
          <div
            key={item.symbol}
            id={`symbol-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === marked}
            onClick={() => choose(item.symbol)}
            onPointerMove={() => setMarked(index)}
          >
            <span>{page.name(item.symbol)}</span>
            <Quote page={page} symbol={item.symbol} />
          </div>
        ))}
      </div>
      {found.length === 0 && (
        <p className="nothing" role="status">
          {page.symbols.length === 0 ? 'The list of symbols has not arrived yet.' : `No symbol matches “${typed}”.`}
        </p>
      )}
    </dialog>
  )
}

function Quote({ page, symbol }: { page: Page; symbol: string }) {
  const { last, changePercent, spark } = page.watchlist.quote(symbol)
  if (last === null) return null
  const decimals = decimalsForPrices(spark)
  return (
    <>
      <span className="option-price">{formatPrice(last, decimals)}</span>
      {changePercent !== null && (
        <span className={changePercent < 0 ? 'falling' : 'rising'}>{formatPercent(changePercent)}</span>
      )}
    </>
  )
}
