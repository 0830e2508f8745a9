import { useLayoutEffect, useState } from 'preact/hooks'
import type { Signal } from '../state/signal'

/** Renders again whenever the signal is given. */
export function useSignal(signal: Signal): void {
  const [, setCount] = useState(0)
  useLayoutEffect(() => signal.subscribe(() => setCount((count) => count + 1)), [signal])
}

/** Whether the screen is such a one now. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches)
  useLayoutEffect(() => {
    const list = matchMedia(query)
    const listener = () => setMatches(list.matches)
    list.addEventListener('change', listener)
    listener()
    return () => list.removeEventListener('change', listener)
  }, [query])
  return matches
}
