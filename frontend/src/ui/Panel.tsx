import type { ComponentChildren, RefObject, TargetedToggleEvent } from 'preact'
import { CloseButton } from './CloseButton'

interface Props {
  id: string
  title: string
  panel?: RefObject<HTMLDivElement | null> | undefined
  children: ComponentChildren
}

/** Hangs below its button, on a phone it is a sheet from the bottom. A native popover: Esc and a click outside close it. */
export function Panel({ id, title, panel, children }: Props) {
  // Its right edge is flush with that of its button, whose place the style sheet does not know.
  const place = (event: TargetedToggleEvent<HTMLDivElement>) => {
    const opener = document.querySelector(`[popovertarget="${id}"]`)
    const button = (opener?.closest('.pill') ?? opener)?.getBoundingClientRect()
    if (event.newState === 'open' && button !== undefined && button.width > 0)
      event.currentTarget.style.setProperty('--right', `${Math.round(innerWidth - button.right)}px`)
  }
  return (
    <div
      id={id}
      ref={panel ?? null}
      popover="auto"
      className="panel"
      role="dialog"
      aria-labelledby={`${id}-title`}
      onBeforeToggle={place}
    >
      <CloseButton panel={id} />
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </div>
  )
}
