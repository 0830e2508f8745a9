import type { ComponentChildren, RefObject } from 'preact'
import { CloseButton } from './CloseButton'

interface Props {
  id: string
  title: string
  panel?: RefObject<HTMLDivElement | null> | undefined
  children: ComponentChildren
}

/** Hangs below its button, on a phone it is a sheet from the bottom. A native popover: Esc and a click outside close it. */
export function Panel({ id, title, panel, children }: Props) {
  return (
    <div id={id} ref={panel ?? null} popover="auto" className="panel" role="dialog" aria-labelledby={`${id}-title`}>
      <CloseButton panel={id} />
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </div>
  )
}
