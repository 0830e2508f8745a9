import type { IPrimitivePaneRenderer } from 'lightweight-charts'

/** What a primitive draws on. */
export type CanvasTarget = Parameters<IPrimitivePaneRenderer['draw']>[0]
