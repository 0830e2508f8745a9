import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

type Parts = typeof import('./later')

const RETRY_MS = 2000
let parts: Parts | null = null

/** The part of the page that is not needed at first. Without a server it is asked for again and again; null after the signal. */
export async function loadLater(signal: AbortSignal): Promise<Parts | null> {
  while (!signal.aborted) {
    try {
      parts ??= await import('./later')
      return signal.aborted ? null : parts
    } catch {
      await new Promise((done) => setTimeout(done, RETRY_MS))
    }
  }
  return null
}

/** A component of that part: nothing until it is there. */
export function later<P extends object>(pick: (parts: Parts) => ComponentType<P>): ComponentType<P> {
  return (props: P) => {
    const [loaded, setLoaded] = useState(parts)
    useEffect(() => {
      const life = new AbortController()
      void loadLater(life.signal).then((found) => found !== null && setLoaded(found))
      return () => life.abort()
    }, [])
    if (loaded === null) return null
    const Part = pick(loaded)
    return <Part {...props} />
  }
}
