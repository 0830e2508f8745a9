import type { ConditionKind } from '../feed/condition'

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
      <path d="M3 3v11M8 1v12M13 4v11" stroke="currentColor" opacity="0.6" />
      <rect x="1" y="5.5" width="4" height="6" rx="0.5" className="fill-up" />
      <rect x="6" y="3.5" width="4" height="7" rx="0.5" className="fill-down" />
      <rect x="11" y="7" width="4" height="5" rx="0.5" className="fill-up" />
    </svg>
  )
}

export function ListIcon() {
  return (
    <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
      <path d="M3 5h14M3 10h14M3 15h14" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />
    </svg>
  )
}

export function MoreIcon() {
  return (
    <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
      <circle cx="4" cy="10" r="1.6" fill="currentColor" />
      <circle cx="10" cy="10" r="1.6" fill="currentColor" />
      <circle cx="16" cy="10" r="1.6" fill="currentColor" />
    </svg>
  )
}

export function StarIcon({ filled }: { filled: boolean }) {
  return (
    <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
      <path
        d="m10 2.6 2.3 4.7 5.1.7-3.7 3.6.9 5.1-4.6-2.4-4.6 2.4.9-5.1L2.6 8l5.1-.7Z"
        fill={filled ? 'currentColor' : 'none'}
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linejoin="round"
      />
    </svg>
  )
}

/** The sign beside the word: colour is never the only one. */
export function ConditionIcon({ kind }: { kind: ConditionKind }) {
  switch (kind) {
    case 'live':
      return (
        <svg viewBox="0 0 12 16" width="11" height="15" aria-hidden="true" className="bolt">
          <path d="M7.2 0 0 9h4.6L3.8 16 12 6.2H6.9Z" fill="currentColor" />
        </svg>
      )
    case 'polling':
    case 'reconnecting':
      return (
        <svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true" className="turning">
          <path
            d="M13.5 8a5.5 5.5 0 1 1-1.6-3.9M12.5 1v3.5H9"
            fill="none"
            stroke="currentColor"
            stroke-width="1.8"
            stroke-linecap="round"
          />
        </svg>
      )
    case 'offline':
    case 'down':
    case 'error':
      return (
        <span aria-hidden="true" className="bang">
          !
        </span>
      )
    case 'stale':
      return (
        <svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
          <path d="M8 4.5V8l2.5 2" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" />
          <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.6" />
        </svg>
      )
    default:
      return <span aria-hidden="true" className="dot" />
  }
}

export function ZoomIcon({ inwards }: { inwards: boolean }) {
  return (
    <StrokeIcon
      path={`M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13.2 13.2 17 17M6.5 9h5${inwards ? 'M9 6.5v5' : ''}`}
    />
  )
}

export function ResetIcon() {
  return <StrokeIcon path="M4 10a6 6 0 1 0 2-4.5M4 3v3.5h3.5" />
}

export function PictureIcon() {
  return <StrokeIcon path="M10 3v9m0 0 3.5-3.5M10 12 6.5 8.5M4 14v2.5h12V14" />
}

export function FullScreenIcon() {
  return <StrokeIcon path="M3.5 7.5v-4h4m5 0h4v4m0 5v4h-4m-5 0h-4v-4" />
}

export function FoldIcon() {
  return <StrokeIcon path="m12 5-5 5 5 5" />
}

function StrokeIcon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  )
}
