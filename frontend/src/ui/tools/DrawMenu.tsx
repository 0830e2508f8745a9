import { DRAWING_IDS } from '../../chart/tools/drawings/drawingKind'
import type { DrawingSet } from '../../state/tools/drawingSet'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import { useSignal } from '../usePage'

/** What can be drawn, and what is done with all drawings. */
export function DrawMenu({ set }: { set: DrawingSet }) {
  useSignal(set.changed)
  const close = () => document.getElementById('draw')?.hidePopover()
  return (
    <>
      {DRAWING_IDS.map((id) => (
        <button
          key={id}
          type="button"
          className="panel-item"
          aria-pressed={set.tool === id}
          onClick={() => {
            set.take(id)
            close()
          }}
        >
          {panelText.drawings[id]} {HINTS[id] !== undefined && <kbd>{HINTS[id]}</kbd>}
        </button>
      ))}
      <hr />
      <Toggle label={panelText.magnet} on={set.magnet} onClick={() => set.toggleMagnet()} />
      <Toggle label={panelText.hideDrawings} on={set.hidden} onClick={() => set.toggleHidden()} />
      <button type="button" className="panel-item" disabled={!set.canUndo} onClick={() => set.undo()}>
        {text.undo} <kbd>Ctrl Z</kbd>
      </button>
      <button type="button" className="panel-item" disabled={!set.canRedo} onClick={() => set.redo()}>
        {panelText.redo} <kbd>Ctrl Shift Z</kbd>
      </button>
      <button
        type="button"
        className="panel-item"
        disabled={set.drawings.length === 0}
        onClick={() => {
          set.removeAll()
          close()
        }}
      >
        {panelText.deleteDrawings}
      </button>
    </>
  )
}

const HINTS: Partial<Record<(typeof DRAWING_IDS)[number], string>> = {
  trend: 'Alt T',
  horizontal: 'Alt H',
  vertical: 'Alt V',
  rectangle: 'Alt R',
  fibonacci: 'Alt F',
}

function Toggle({ label, on, onClick }: { label: string; on: boolean; onClick(): void }) {
  return (
    <button type="button" className="panel-item" aria-pressed={on} onClick={onClick}>
      {label}
      <span className="state" aria-hidden="true">
        {on ? `✓ ${panelText.on}` : panelText.off}
      </span>
    </button>
  )
}
