import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const START_MS = 60_000

/** The machine's Firefox, or null where there is none; FIREFOX names another. */
export function findFirefox(): string | null {
  if (process.env.FIREFOX) return process.env.FIREFOX
  try {
    return execFileSync('sh', ['-c', 'command -v firefox-esr || command -v firefox'], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}

/** Firefox without a window, driven by its own protocol, Marionette: a TCP connection with commands as JSON, each after its length. */
export class Firefox {
  #profile = mkdtempSync(join(tmpdir(), 'candlestream-firefox-'))
  #process: ChildProcess | null = null
  #socket: Socket | null = null
  #received = Buffer.alloc(0)
  #asked = 0
  #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()

  async start(program: string): Promise<void> {
    // Port 0: Firefox takes a free one and writes it into its profile.
    const settings = [
      '"marionette.port", 0',
      '"browser.shell.checkDefaultBrowser", false',
      '"intl.accept_languages", "en-US"',
    ]
    writeFileSync(join(this.#profile, 'user.js'), settings.map((one) => `user_pref(${one});\n`).join(''))
    this.#process = spawn(program, ['--headless', '--marionette', '--no-remote', '--profile', this.#profile], {
      stdio: 'ignore',
    })
    const port = await this.#port()
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('data', (data) => this.#receive(data))
    await this.#command('WebDriver:NewSession', {})
  }

  async stop(): Promise<void> {
    const child = this.#process
    this.#socket?.destroy()
    if (child !== null && child.exitCode === null) {
      const ended = new Promise((done) => child.once('exit', done))
      child.kill('SIGTERM')
      await ended
    }
    rmSync(this.#profile, { recursive: true, force: true })
  }

  async open(url: string): Promise<void> {
    await this.#command('WebDriver:Navigate', { url })
  }

  /** The value of an expression in the page. */
  async read<T>(expression: string): Promise<T> {
    const answer = await this.#command('WebDriver:ExecuteScript', { script: `return ${expression}`, args: [] })
    return (answer as { value: T }).value
  }

  async press(key: string): Promise<void> {
    const actions = [
      { type: 'keyDown', value: key },
      { type: 'keyUp', value: key },
    ]
    await this.#command('WebDriver:PerformActions', { actions: [{ type: 'key', id: 'keyboard', actions }] })
  }

  /** Size of the window; the page gets what the window's own frame leaves. */
  async resize(width: number, height: number): Promise<void> {
    await this.#command('WebDriver:SetWindowRect', { width, height })
  }

  async #port(): Promise<number> {
    const file = join(this.#profile, 'MarionetteActivePort')
    const deadline = Date.now() + START_MS
    while (Date.now() < deadline) {
      const port = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
      if (port > 0) return port
      await new Promise((done) => setTimeout(done, 100))
    }
    throw new Error('Firefox did not start.')
  }

  #command(name: string, parameters: object): Promise<unknown> {
    const id = ++this.#asked
    const text = JSON.stringify([0, id, name, parameters])
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#socket!.write(`${Buffer.byteLength(text)}:${text}`)
    return answer
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data])
    for (;;) {
      const colon = this.#received.indexOf(':')
      const end = colon + 1 + Number(this.#received.subarray(0, Math.max(colon, 0)))
      if (colon < 0 || this.#received.length < end) return
      const message: unknown = JSON.parse(this.#received.subarray(colon + 1, end).toString())
      this.#received = this.#received.subarray(end)
      // The greeting is no answer.
      if (!Array.isArray(message)) continue
      const [, id, error, value] = message as [number, number, { message: string } | null, unknown]
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === null) waiting?.resolve(value)
      else waiting?.reject(new Error(error.message))
    }
  }
}
