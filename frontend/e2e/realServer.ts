import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url))
const START_MS = 60_000

/** A fault of the simulated exchange; docs/simulator.md lists them. */
export interface Fault {
  fault: string
  key?: string
  count?: number
  for_ms?: number
  delay_ms?: number
}

/** The real server with the simulated exchange behind it: two processes, as a user runs them. */
export class RealServer {
  #folder = mkdtempSync(join(tmpdir(), 'candlestream-e2e-'))
  #simulator: ChildProcess | null = null
  #server: ChildProcess | null = null
  #simulatorUrl = ''
  #port = 0
  /** More switches of the server. */
  extra: readonly string[]
  /** The last lines both processes have written: shown when a start fails. */
  output: string[] = []

  constructor(extra: readonly string[] = []) {
    this.extra = extra
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async startAll(): Promise<void> {
    await this.#startSimulator()
    this.#port = await freePort()
    await this.start()
  }

  async start(): Promise<void> {
    const exchange = this.#simulatorUrl
    this.#server = this.#run('CandleStream.Server', [
      `--Urls=${this.url}`,
      `--Bitfinex:WebSocketUrl=${exchange.replace('http', 'ws')}/ws/2`,
      `--Bitfinex:RestUrl=${exchange}/v2`,
      `--Storage:SqlitePath=${join(this.#folder, 'candles.db')}`,
      // By default a lost exchange is tried once a minute; a test need not wait for that.
      '--Bitfinex:RetryWhilePolling=00:00:02',
      ...this.extra,
    ])
    await this.#until(async () => (await fetch(`${this.url}/health/live`)).ok, 'the server')
  }

  /** Ends the server as the operating system would in an accident. */
  async kill(): Promise<void> {
    await end(this.#server, 'SIGKILL')
    this.#server = null
  }

  /** Asks the server to stop, which says bye to its streams. */
  async stop(): Promise<void> {
    await end(this.#server, 'SIGTERM')
    this.#server = null
  }

  async stopAll(): Promise<void> {
    await end(this.#server, 'SIGTERM')
    await end(this.#simulator, 'SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async fault(fault: Fault): Promise<void> {
    const answer = await fetch(`${this.#simulatorUrl}/control/faults`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(fault),
    })
    if (!answer.ok) throw new Error(`${fault.fault}: ${answer.status} ${await answer.text()}`)
  }

  async noFaults(): Promise<void> {
    await fetch(`${this.#simulatorUrl}/control/faults`, { method: 'DELETE' })
  }

  /** How many streams clients hold: counted over all series by the server itself. */
  async status(): Promise<{ active_streams: number; streams: { key: string; subscribers: number; state: string }[] }> {
    return (await fetch(`${this.url}/candles/stream/status`)).json()
  }

  async #startSimulator(): Promise<void> {
    const child = this.#run('CandleStream.Simulator', ['--port', '0', '--seed', '7'])
    this.#simulator = child
    await this.#until(async () => {
      const line = this.output.find((text) => text.includes('listening on '))
      this.#simulatorUrl = line?.match(/listening on (\S+)/)?.[1] ?? ''
      return this.#simulatorUrl !== ''
    }, 'the simulator')
  }

  #run(project: string, args: string[]): ChildProcess {
    const { DATABASE_URL: _, ...env } = process.env
    const child = spawn('dotnet', [builtFile(project), ...args], { cwd: this.#folder, env })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        this.output = [...this.output, ...text.split('\n')].slice(-200)
      })
    }
    return child
  }

  async #until(ready: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + START_MS
    while (Date.now() < deadline) {
      if (await ready().catch(() => false)) return
      await new Promise((done) => setTimeout(done, 100))
    }
    throw new Error(`${what} did not start:\n${this.output.join('\n')}`)
  }
}

/** The newest build of a project; CANDLESTREAM_BIN may name another folder that holds `PROJECT/…/PROJECT.dll`. */
function builtFile(project: string): string {
  const root = process.env.CANDLESTREAM_BIN ?? SOURCE
  const files = ['Debug', 'Release']
    .map((configuration) => join(root, project, 'bin', configuration, 'net10.0', `${project}.dll`))
    .filter((file) => existsSync(file))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  if (files[0] === undefined) throw new Error(`${project} is not built: run "dotnet build src/${project}" first.`)
  return files[0]
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

async function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  child.kill(signal)
  const patience = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await ended
  clearTimeout(patience)
}
