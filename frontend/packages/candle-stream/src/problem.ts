import type { Environment } from './environment.js'
import { HttpProblem, WrongServer } from './rest.js'
import type { ConnectionProblem } from './types.js'

/** What a client asks for words. */
export interface Adviser {
  explain(failure: unknown): Promise<ConnectionProblem>
  /** The status has changed; `isHeard`: somebody else listens to it. */
  tell(problem: ConnectionProblem | null, isHeard: boolean): void
}

/** Says what is wrong with the way to the server, once for each trouble. */
export class Spokesman implements Adviser {
  #env: Pick<Environment, 'fetch'>
  #base: string
  #onProblem: ((problem: ConnectionProblem) => void) | undefined
  #told: string | null = null

  constructor(env: Pick<Environment, 'fetch'>, base: string, onProblem?: (problem: ConnectionProblem) => void) {
    this.#env = env
    this.#base = base
    this.#onProblem = onProblem
  }

  explain(failure: unknown): Promise<ConnectionProblem> {
    return explain(this.#env, this.#base, failure)
  }

  tell(problem: ConnectionProblem | null, isHeard: boolean): void {
    const message = problem?.message ?? null
    if (message === this.#told) return
    this.#told = message
    if (problem === null) return
    if (this.#onProblem !== undefined) this.#onProblem(problem)
    // biome-ignore lint/suspicious/noConsole: a failure that nobody listens to must not be silent
    else if (!isHeard) console.error(`candle-stream: ${problem.message}`)
  }
}

/** What a failed request means for the person who set this up, and what can be done. */
async function explain(env: Pick<Environment, 'fetch'>, base: string, failure: unknown): Promise<ConnectionProblem> {
  const where = base || 'the server'
  if (failure instanceof WrongServer) return lasting('wrong-server', `${where}: ${failure.message}. ${CHECK_URL}`)
  if (failure instanceof HttpProblem) return explainStatus(where, failure)
  if (isCrossOrigin(base) && (await answersAtAll(env, base))) {
    const origin = location.origin
    return lasting(
      'cors',
      `${where} answers, but does not let pages of ${origin} read it. Add ${origin} to its setting Security:AllowedOrigins.`,
    )
  }
  const origins = isCrossOrigin(base) ? ' If it runs, does its setting Security:AllowedOrigins list this page?' : ''
  return { kind: 'unreachable', message: `${where} cannot be reached: ${words(failure)}${origins}`, lasting: false }
}

const CHECK_URL = 'Is `url` the root address of a CandleStream server?'

function explainStatus(where: string, problem: HttpProblem): ConnectionProblem {
  const { status, title, detail, matches } = problem.refusal
  const near = matches.length > 0 ? ` Did you mean ${matches.join(', ')}?` : ''
  const text = `${where}: ${detail || title}${near}`
  if (status === 401) return lasting('key', `${text} Give the client a key that the server knows: \`apiKey\`.`)
  if (status === 403) return lasting('key', `${text} The key is good, but not for this.`)
  if (!problem.isProblem && (status === 404 || status === 405 || (status >= 300 && status < 400)))
    return lasting('wrong-server', `${text}: there is no such route. ${CHECK_URL}`)
  return { kind: 'busy', message: text, lasting: false }
}

function lasting(kind: ConnectionProblem['kind'], message: string): ConnectionProblem {
  return { kind, message, lasting: true }
}

function isCrossOrigin(base: string): boolean {
  return typeof location !== 'undefined' && new URL(base, location.href).origin !== location.origin
}

/** Without CORS a page may not read the answer, but learns whether there is one. */
async function answersAtAll(env: Pick<Environment, 'fetch'>, base: string): Promise<boolean> {
  try {
    await env.fetch(`${base}/health/live`, { signal: AbortSignal.timeout(5000), mode: 'no-cors' })
    return true
  } catch {
    return false
  }
}

/** Node hides why a request failed in `cause`. */
function words(failure: unknown): string {
  const cause = failure instanceof Error ? failure.cause : null
  if (cause instanceof Error && cause.message !== '') return cause.message
  return failure instanceof Error ? failure.message : String(failure)
}
