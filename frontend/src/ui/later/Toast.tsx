import type { Page } from '../../state/page'
import { text } from '../../text/text'
import { useSignal } from '../usePage'

/** A sentence for a few seconds, and perhaps a way back. */
export function Toast({ page }: { page: Page }) {
  useSignal(page.changed)
  const { note } = page
  const undo = () => {
    note?.undo?.()
    page.endNote()
  }
  return (
    <div className="toasts" role="status">
      {note !== null && (
        <div className="toast">
          <span>{note.text}</span>
          {note.undo !== null && (
            <button type="button" onClick={undo}>
              {text.undo}
            </button>
          )}
        </div>
      )}
    </div>
  )
}
