import { formatPrice, formatVolume } from '../../format'

/** A value in a pane of its own: two decimals, fewer digits where it is very large or very small. */
export function formatReading(value: number): string {
  const size = Math.abs(value)
  if (size < 1 && size > 0) return formatVolume(value).replace('-', '−')
  return size >= 1e6 ? formatVolume(value).replace('-', '−') : formatPrice(value, 2)
}

export function formatParameter(value: number): string {
  return formatPrice(value, Number.isInteger(value) ? 0 : (String(value).split('.')[1]?.length ?? 0))
}
