import { useEffect, useRef, useState } from 'react'
import type { Page } from '../state/page'
import { Footer } from './Footer'
import { Header } from './Header'
import { Rail } from './Rail'
import { Stage } from './Stage'
import { SymbolDialog } from './SymbolDialog'
import { handleKey } from './shortcuts'
import { useSignal } from './usePage'

/** The page around the chart. Candles never pass through here. */
export function App({ page }: { page: Page }) {
  useSignal(page.changed)
  const [searching, setSearching] = useState(false)
  const help = useRef<HTMLDivElement>(null)

  useEffect(() => {
    const listener = (event: KeyboardEvent) =>
      handleKey(event, page, { search: () => setSearching(true), help: () => help.current?.togglePopover() })
    window.addEventListener('keydown', listener)
    return () => window.removeEventListener('keydown', listener)
  }, [page])

  return (
    <div className={page.settings.shortcuts ? 'app' : 'app no-shortcuts'}>
      <Header page={page} help={help} onSearch={() => setSearching(true)} />
      {page.client.status.simulated === true && (
        <section className="simulated" aria-label="Notice">
          <strong>Simulated market</strong> <span>These are not real prices.</span>
        </section>
      )}
      <Stage page={page} onSearch={() => setSearching(true)} />
      <Rail page={page} onSearch={() => setSearching(true)} />
      <Footer page={page} />
      {searching && <SymbolDialog page={page} onClose={() => setSearching(false)} />}
    </div>
  )
}
