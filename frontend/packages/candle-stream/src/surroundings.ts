import { browserEnvironment, type Environment } from './environment.js'
import { FetchEventSource } from './fetchEventSource.js'
import { Tickets } from './tickets.js'

/** The browser's surroundings, or Node's, where streams are read by `fetch`; with `apiKey` on every request. */
export function surroundings(replaced: Partial<Environment> = {}, apiKey?: string): Environment {
  const found = browserEnvironment()
  const env: Environment = { ...found, ...replaced }
  // Node's own EventSource, where there is one, tells neither status nor reason.
  const readsByFetch = found.page === null && replaced.openEventSource === undefined
  const plain: Environment = readsByFetch ? { ...env, openEventSource: byFetch(env) } : env
  return apiKey === undefined ? plain : withKey(plain, apiKey)
}

/** A key on every request; streams of an EventSource, which can send none, are opened with tickets. */
function withKey(env: Environment, apiKey: string): Environment {
  const keyed: Environment = {
    ...env,
    fetch: (url, init) => env.fetch(url, { ...init, headers: { ...init.headers, 'X-API-Key': apiKey } }),
  }
  if (env.page === null) return { ...keyed, openEventSource: byFetch(keyed) }
  const { openEventSource } = env
  if (openEventSource === null) return keyed
  const tickets = new Tickets(keyed, openEventSource)
  return { ...keyed, openEventSource: (url) => tickets.open(url) }
}

function byFetch(env: Environment): (url: string) => FetchEventSource {
  return (url) => new FetchEventSource(env, url)
}
