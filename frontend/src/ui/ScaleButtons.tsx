import type { Page } from '../state/page'
import { toggled } from '../state/settings'
import { text } from '../text/text'
import { useSignal } from './usePage'

/** In the corner of the axes: whether the price axis follows the bars by itself, and which scale it has. */
export function ScaleButtons({ page }: { page: Page }) {
  // The library tells nobody when a drag of the axis turns auto off.
  useSignal(page.ticked)
  const { scale } = page.settings
  const isAuto = page.chart?.isAutoScaled ?? true
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div className="scale-buttons" role="group" aria-label={text.scale}>
      <Toggle letter="A" name={text.auto} on={isAuto} onClick={() => page.chart?.setAutoScale(!isAuto)} />
      <Toggle
        letter="L"
        name={text.log}
        on={scale === 'log'}
        onClick={() => page.change({ scale: toggled(scale, 'log') })}
      />
      <Toggle
        letter="%"
        name={text.percent}
        on={scale === 'percent'}
        onClick={() => page.change({ scale: toggled(scale, 'percent') })}
      />
    </div>
  )
}

function Toggle({ letter, name, on, onClick }: { letter: string; name: string; on: boolean; onClick(): void }) {
  return (
    <button type="button" aria-pressed={on} aria-label={name} title={name} onClick={onClick}>
      {letter}
    </button>
  )
}
