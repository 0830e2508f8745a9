import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { MarketSymbol } from '../../api/market'
import { decimalsForPrices, formatPercent, formatPrice } from '../../chart/format'
import type { Page } from '../../state/page'
import { findSymbols } from '../../state/symbolName'
import { panelText } from '../../text/panelText'
import { StarIcon } from '../icons'

const SHOWN = 60

interface Props {
  page: Page
  /** What was typed before the dialog was there. */
  typed: string
  onClose(): void
}

/** Keyboard first: type, arrows, Enter. A combobox over a list, in a native dialog. */
export function SymbolDialog({ page, typed: typedBefore, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState(typedBefore)
  const [marked, setMarked] = useState(0)
  const found = findSymbols(typed, page.symbols, SHOWN, {
    watched: page.watched,
    volume: (symbol) => {
      const { volume, last } = page.watchlist.quote(symbol)
      return (volume ?? 0) * (last ?? 0)
    },
  })

  // Before the next key is pressed, which is to be typed here: an effect would wait for the next frame.
  useLayoutEffect(() => dialog.current?.showModal(), [])
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
      aria-label={panelText.searchName}
      onClose={onClose}
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
    >
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="symbol-list"
        aria-activedescendant={found[marked] ? `symbol-${marked}` : undefined}
        aria-label={panelText.searchSymbols}
        placeholder={panelText.searchHint}
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onKeyDown={onKey}
        onInput={(event) => {
          setTyped(event.currentTarget.value)
          setMarked(0)
        }}
      />
      <div role="listbox" id="symbol-list" ref={list} aria-label={panelText.symbols}>
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
            <Star page={page} item={item} />
            <span>{page.name(item.symbol)}</span>
            <Quote page={page} symbol={item.symbol} />
          </div>
        ))}
      </div>
      {found.length === 0 && (
        <p className="nothing" role="status">
          {page.symbols.length === 0 ? panelText.noList : panelText.noMatch(typed)}
        </p>
      )}
    </dialog>
  )
}

/** Shows and changes whether a symbol is on the watchlist. Not a button: an option may hold none; the keyboard watches a symbol from the rail. */
function Star({ page, item }: { page: Page; item: MarketSymbol }) {
  const isWatched = page.watched.includes(item.symbol)
  const toggle = (event: MouseEvent) => {
    event.stopPropagation()
    if (isWatched) page.unwatch(item.symbol)
    else page.watch(item.symbol)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: see above
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <span className={isWatched ? 'star on' : 'star'} title={panelText.star(page.name(item.symbol))} onClick={toggle}>
      <StarIcon filled={isWatched} />
    </span>
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
