import { type RefObject, useState } from 'react'
import { download, toCsv } from '../chart/export'
import type { Page } from '../state/page'
import type { Session } from '../state/session'
import { otherTheme, SHORTCUTS, toggled } from './shortcuts'

/** Scale, view, export and help. Panels are native popovers: Esc and a click outside close them. */
export function Tools({ page, help }: { page: Page; help: RefObject<HTMLDivElement | null> }) {
  const { scale } = page.settings
  return (
    <div className="tools">
      <Toggle label="Log" on={scale === 'log'} onClick={() => page.change({ scale: toggled(page, 'log') })} />
      <Toggle
        label="%"
        name="Percent scale"
        on={scale === 'percent'}
        onClick={() => page.change({ scale: toggled(page, 'percent') })}
      />
      <button type="button" className="tool" popoverTarget="view-panel">
        View
      </button>
      <button type="button" className="tool" popoverTarget="help-panel" aria-label="Help and keyboard shortcuts">
        ?
      </button>
      <ViewPanel page={page} />
      <div id="help-panel" ref={help} popover="auto" className="panel" role="dialog" aria-labelledby="help-title">
        <h2 id="help-title">Keyboard</h2>
        {!page.settings.shortcuts && (
          <p className="keys-off">Single-key shortcuts are off; turn them on under “View”.</p>
        )}
        <dl className="keys">
          {SHORTCUTS.map(([keys, does]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  )
}

function ViewPanel({ page }: { page: Page }) {
  const { palette, timeZone, shortcuts } = page.settings
  return (
    <div id="view-panel" popover="auto" className="panel" role="dialog" aria-labelledby="view-title">
      <h2 id="view-title">View</h2>
      <button type="button" className="panel-item" onClick={() => page.change({ theme: otherTheme() })}>
        Dark or light <kbd>D</kbd>
      </button>
      <button
        type="button"
        className="panel-item"
        aria-pressed={palette === 'colour-blind'}
        onClick={() => page.change({ palette: palette === 'classic' ? 'colour-blind' : 'classic' })}
      >
        Colour-blind palette <kbd>C</kbd>
      </button>
      <button
        type="button"
        className="panel-item"
        aria-pressed={timeZone === 'local'}
        onClick={() => page.change({ timeZone: timeZone === 'utc' ? 'local' : 'utc' })}
      >
        Local time instead of UTC <kbd>T</kbd>
      </button>
      <button type="button" className="panel-item" onClick={() => page.chart?.resetView()}>
        Reset view <kbd>R</kbd>
      </button>
      <button
        type="button"
        className="panel-item"
        aria-pressed={shortcuts}
        onClick={() => page.change({ shortcuts: !shortcuts })}
      >
        Single-key shortcuts
      </button>
      <hr />
      <button type="button" className="panel-item" onClick={() => savePicture(page)}>
        Save picture (PNG)
      </button>
      <button type="button" className="panel-item" onClick={() => saveTable(page)}>
        Save bars in view (CSV)
      </button>
      {page.session.signedIn && <SignOut session={page.session} />}
    </div>
  )
}

function SignOut({ session }: { session: Session }) {
  const [trouble, setTrouble] = useState<string | null>(null)
  const signOut = async () => {
    setTrouble(null)
    setTrouble(await session.signOut())
  }
  return (
    <>
      <hr />
      <button type="button" className="panel-item" onClick={() => void signOut()}>
        Sign out
      </button>
      <p className="trouble" role="alert">
        {trouble}
      </p>
    </>
  )
}

function Toggle({ label, name, on, onClick }: { label: string; name?: string; on: boolean; onClick(): void }) {
  return (
    <button type="button" className="tool" aria-pressed={on} aria-label={name ?? `${label} scale`} onClick={onClick}>
      {label}
    </button>
  )
}

function fileName(page: Page, extension: string): string {
  return `${page.symbol.replace(':', '-')}-${page.timeframe}.${extension}`
}

function savePicture(page: Page): void {
  page.chart?.screenshot().toBlob((blob) => blob !== null && download(fileName(page, 'png'), blob))
}

function saveTable(page: Page): void {
  const seen = page.chart?.visibleTimes() ?? null
  const bars = page.feed.list.bars.filter((bar) => seen !== null && bar.time >= seen.from && bar.time <= seen.to)
  download(fileName(page, 'csv'), new Blob([toCsv(bars)], { type: 'text/csv' }))
}
