import { useSyncExternalStore } from 'react'
import type { Signal } from '../state/signal'

/** Renders again whenever the signal is given. */
export function useSignal(signal: Signal): void {
  useSyncExternalStore(signal.subscribe, signal.snapshot)
}
