import { useState } from 'preact/hooks'
import { formatClock, formatCountdown } from '../../chart/format'
import type { Page } from '../../state/page'
import type { Session } from '../../state/session'
import type { Scale, Theme } from '../../state/settings'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import { useSignal } from '../usePage'
import { savePicture, saveTable, toggleFullScreen } from './exportFiles'
import { toolboxOf } from './toolbox'

const THEMES: readonly Theme[] = ['system', 'dark', 'light']
const SCALES: readonly Scale[] = ['linear', 'log', 'percent']

interface Props {
  page: Page
  isDrawer: boolean
  isPhone: boolean
}

/** All that is needed seldom: theme, zone, scale, exports, help, sign-out. */
export function MoreItems({ page, isDrawer, isPhone }: Props) {
  useSignal(page.changed)
  const { settings } = page
  return (
    <>
      <Choice
        label={panelText.theme}
        options={THEMES.map((value) => ({ value, label: panelText.themes[value] }))}
        chosen={settings.theme}
        onChoose={(theme) => page.change({ theme })}
      />
      <Choice
        label={panelText.zone}
        options={(['utc', 'local'] as const).map((value) => ({ value, label: panelText.zones[value] }))}
        chosen={settings.timeZone}
        onChoose={(timeZone) => page.change({ timeZone })}
      />
      <Choice
        label={text.scale}
        options={SCALES.map((value) => ({ value, label: panelText.scales[value] }))}
        chosen={settings.scale}
        onChoose={(scale) => page.change({ scale })}
      />
      <Switch
        label={panelText.palette}
        keys="C"
        on={settings.palette === 'colour-blind'}
        onClick={() => page.change({ palette: settings.palette === 'classic' ? 'colour-blind' : 'classic' })}
      />
      {!isDrawer && (
        <Switch
          label={panelText.rail}
          keys="W"
          on={settings.rail}
          onClick={() => page.change({ rail: !settings.rail })}
        />
      )}
      {!isPhone && (
        <Switch label={panelText.strip} on={settings.strip} onClick={() => page.change({ strip: !settings.strip })} />
      )}
      <Switch
        label={panelText.shortcuts}
        on={settings.shortcuts}
        onClick={() => page.change({ shortcuts: !settings.shortcuts })}
      />
      <hr />
      {isDrawer && <Action label={panelText.indicators} onClick={() => showIndicators(page)} />}
      {isDrawer && <Action label={panelText.chartType} onClick={() => showTool(page, 'chart-type')} />}
      {isDrawer && <Action label={panelText.draw} onClick={() => showTool(page, 'draw')} />}
      <Action label={panelText.goToDate} keys="G" onClick={() => showTool(page, 'go-to-date')} />
      <Action label={panelText.compare} onClick={() => showTool(page, 'compare')} />
      <Action label={panelText.reset} keys="R" onClick={() => page.resetView()} />
      <Action label={panelText.picture} onClick={() => savePicture(page)} />
      <Action label={panelText.table} onClick={() => saveTable(page)} />
      <Action label={panelText.saveLayout} onClick={() => void saveLayout(page)} />
      <Action label={panelText.loadLayout} onClick={() => chooseLayout(page)} />
      {document.fullscreenEnabled && <Action label={panelText.fullScreen} onClick={toggleFullScreen} />}
      <Action label={panelText.help} keys="?" onClick={showHelp} />
      {page.session.signedIn && <SignOut session={page.session} />}
      {!page.keeps && <p className="not-kept">{panelText.notKept}</p>}
      <p className="small-print">
        {isPhone && <Clock page={page} />}
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          {text.chartsBy}
        </a>
      </p>
    </>
  )
}

/** What the footer says where there is room for one. */
function Clock({ page }: { page: Page }) {
  useSignal(page.ticked)
  return (
    <span className="phone-clock">
      {panelText.barClosesIn} <strong>{formatCountdown(page.closesInMs)}</strong> ·{' '}
      {formatClock(page.serverNow, page.settings.timeZone)}
    </span>
  )
}

function Action({ label, keys, onClick }: { label: string; keys?: string; onClick(): void }) {
  return (
    <button type="button" className="panel-item" onClick={onClick}>
      {label} {keys !== undefined && <kbd>{keys}</kbd>}
    </button>
  )
}

function Switch({ label, keys, on, onClick }: { label: string; keys?: string; on: boolean; onClick(): void }) {
  return (
    <button type="button" className="panel-item" aria-pressed={on} onClick={onClick}>
      {label} {keys !== undefined && <kbd>{keys}</kbd>}
      <span className="state" aria-hidden="true">
        {on ? `✓ ${panelText.on}` : panelText.off}
      </span>
    </button>
  )
}

interface ChoiceProps<T extends string> {
  label: string
  options: readonly { value: T; label: string }[]
  chosen: T
  onChoose(value: T): void
}

/** A native radio group, so that the keyboard and readers know it. */
function Choice<T extends string>({ label, options, chosen, onChoose }: ChoiceProps<T>) {
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      <div className="segments">
        {options.map((option) => (
          <label key={option.value}>
            <input
              type="radio"
              name={`more ${label}`}
              checked={option.value === chosen}
              onChange={() => onChoose(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
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
        {panelText.signOut}
      </button>
      <p className="trouble" role="alert">
        {trouble}
      </p>
    </>
  )
}

async function saveLayout(page: Page): Promise<void> {
  const box = toolboxOf(page)
  await box.load()
  if (box.parts !== null && box.tools !== null) box.parts.saveLayoutFile(page, box.tools)
}

function chooseLayout(page: Page): void {
  const box = toolboxOf(page)
  const input = document.createElement('input')
  input.type = 'file'
  input.accept = '.json,application/json'
  input.onchange = async () => {
    const file = input.files?.[0]
    await box.load()
    if (file !== undefined && box.parts !== null && box.tools !== null)
      await box.parts.loadLayoutFile(page, box.tools, file)
  }
  input.click()
}

function showIndicators(page: Page): void {
  document.getElementById('more')?.hidePopover()
  toolboxOf(page).showIndicators()
}

function showTool(page: Page, panel: string): void {
  if (panel !== 'go-to-date') void toolboxOf(page).load()
  document.getElementById('more')?.hidePopover()
  document.getElementById(panel)?.showPopover()
}

/** In place of this panel, not upon it: one that a button of another opens would keep both open. */
function showHelp(): void {
  document.getElementById('more')?.hidePopover()
  document.getElementById('help')?.showPopover()
}
