import { text } from '../text/text'

/** Closes a panel: on a phone there is no Esc, and a sheet leaves little outside to touch. */
export function CloseButton({ panel }: { panel: string }) {
  return (
    <button type="button" className="close" popovertarget={panel} popovertargetaction="hide" aria-label={text.close}>
      <span aria-hidden="true">×</span>
    </button>
  )
}
