import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RealServer } from './realServer'

/** A server that opens to the keys of a file only. */
export class LockedServer {
  #folder = mkdtempSync(join(tmpdir(), 'candlestream-keys-'))
  #file = join(this.#folder, 'keys.txt')
  readonly key = `cs_${randomBytes(32).toString('hex')}`
  readonly server: RealServer

  constructor(extra: readonly string[] = []) {
    this.server = new RealServer([`--Security:KeyFile=${this.#file}`, ...extra])
  }

  async start(): Promise<void> {
    this.allow(this.key)
    await this.server.startAll()
  }

  /** Only this key opens the server from now on. */
  allow(key: string): void {
    writeFileSync(this.#file, `charts read ${createHash('sha256').update(key).digest('hex')}\n`)
  }

  async stop(): Promise<void> {
    await this.server.stopAll()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
