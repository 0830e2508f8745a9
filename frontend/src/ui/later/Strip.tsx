import type { TargetedKeyboardEvent } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'
import { FoldIcon, FullScreenIcon, PictureIcon, ResetIcon, ZoomIcon } from '../icons'
import { savePicture, toggleFullScreen } from './exportFiles'

const ZOOM = 1.25

/** Left of the chart: its tools. One stop for the Tab key, the arrows go up and down inside. */
export function Strip({ page }: { page: Page }) {
  const bar = useRef<HTMLDivElement>(null)
  /** The tool that Tab leads to. */
  const [stop, setStop] = useState(0)
  const tools = [
    { name: panelText.zoomIn, keys: '+', icon: <ZoomIcon inwards={true} />, run: () => page.chart?.zoom(ZOOM) },
    { name: panelText.zoomOut, keys: '−', icon: <ZoomIcon inwards={false} />, run: () => page.chart?.zoom(1 / ZOOM) },
    { name: panelText.reset, keys: 'R', icon: <ResetIcon />, run: () => page.resetView() },
    { name: panelText.picture, icon: <PictureIcon />, run: () => savePicture(page) },
    ...(document.fullscreenEnabled
      ? [{ name: panelText.fullScreen, icon: <FullScreenIcon />, run: toggleFullScreen }]
      : []),
    { name: panelText.foldStrip, icon: <FoldIcon />, run: () => page.change({ strip: false }) },
  ] as const

  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const steps: Record<string, number> = { ArrowDown: stop + 1, ArrowUp: stop - 1, Home: 0, End: -1 }
    const wanted = steps[event.key]
    if (wanted === undefined) return
    event.preventDefault()
    const next = (wanted + tools.length) % tools.length
    setStop(next)
    bar.current?.querySelectorAll('button')[next]?.focus()
  }

  return (
    <aside className="strip" aria-label={panelText.chartTools}>
      <div ref={bar} role="toolbar" aria-label={panelText.chartTools} aria-orientation="vertical" onKeyDown={onKey}>
        {tools.map(({ name, icon, run, ...tool }, index) => (
          <button
            key={name}
            type="button"
            className="tool"
            aria-label={name}
            title={'keys' in tool ? `${name} (${tool.keys})` : name}
            tabIndex={index === stop ? 0 : -1}
            onFocus={() => setStop(index)}
            onClick={run}
          >
            {icon}
          </button>
        ))}
      </div>
    </aside>
  )
}
