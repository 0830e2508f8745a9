import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@playwright/test'
import { build } from 'vite'
import { LockedServer } from './lockedServer'
import { RealServer } from './realServer'

const FRONTEND = fileURLToPath(new URL('..', import.meta.url))
const PACKAGE = join(FRONTEND, 'packages/candle-stream')
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** The samples of the README and of docs/integrations.md, each a file of its own. */
const PAGES = [join(PACKAGE, 'README.md'), join(FRONTEND, '../docs/integrations.md')]
const SAMPLES = PAGES.flatMap((page) => [
  ...readFileSync(page, 'utf8').matchAll(/^```(tsx?) (node|browser)\n(.*?)^```/gms),
]).map(([, kind, where, code], i) => ({ name: `sample${i}`, file: `sample${i}.${kind}`, where, code: code! }))

let folder = ''
let files: Server
let origin = ''
const real = new RealServer()

/** A stranger's project: the archive is installed, and beside it what a page brings along itself. */
test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'candle-stream-package-'))
  const archive = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: PACKAGE,
    encoding: 'utf8',
  })
  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }')
  execFileSync('npm', ['install', '--silent', '--offline', '--no-audit', `./${archive.trim()}`], { cwd: folder })
  for (const name of ['react', 'react-dom', 'scheduler', 'lightweight-charts', 'fancy-canvas', '@types']) {
    symlinkSync(join(FRONTEND, 'node_modules', name), join(folder, 'node_modules', name))
  }
  files = createServer((request, response) => {
    const path = join(folder, new URL(request.url!, 'http://x').pathname)
    try {
      response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream')
      response.end(readFileSync(path))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((done) => files.listen(0, '127.0.0.1', done))
  origin = `http://127.0.0.1:${(files.address() as { port: number }).port}`
  real.extra = [`--Security:AllowedOrigins=${origin}`]
  for (const example of ['plain', 'node', 'vite', 'react']) {
    cpSync(join(PACKAGE, 'examples', example), join(folder, example), { recursive: true })
  }
  await real.startAll()
})

test.afterAll(async () => {
  await real.stopAll()
  files?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Pages, built by Vite into another folder of the stranger's. */
async function bundle(pages: string[], to: string): Promise<void> {
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    base: `/${to}/`,
    resolve: { preserveSymlinks: true },
    build: { outDir: join(folder, to), rolldownOptions: { input: pages.map((page) => join(folder, page)) } },
  })
}

/** The first lines that a program prints, which is then ended. */
async function linesOf(command: string, args: string[], count: number, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const program: ChildProcess = spawn(command, args, { cwd: folder, env: { ...process.env, ...env } })
  let printed = ''
  let complaints = ''
  program.stderr!.on('data', (text) => {
    complaints += text
  })
  const enough = new Promise<void>((done) => {
    program.stdout!.on('data', (text) => {
      printed += text
      if (printed.split('\n').length > count) done()
    })
    program.once('exit', () => done())
  })
  await enough
  program.kill()
  expect(complaints).toBe('')
  return printed.split('\n').slice(0, count)
}

/** What a program that ends with 1 says on its way. */
async function failureOf(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const failed = spawn('node', args, { cwd: folder, env: { ...process.env, ...env } })
  let said = ''
  failed.stderr.on('data', (text) => {
    said += text
  })
  expect(await new Promise((done) => failed.once('close', done))).toBe(1)
  return said
}

test('the archive has types, a licence and a README, and nothing else than what is built', () => {
  const root = join(folder, 'node_modules/candle-stream')
  expect(readdirSync(root).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json'])
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const { types, default: code } of Object.values<{ types: string; default: string }>(exports)) {
    expect(readFileSync(join(root, types), 'utf8')).toContain('export')
    expect(readFileSync(join(root, code), 'utf8')).toContain('export')
  }
})

test('every sample of the README and of docs/integrations.md compiles, and those for Node run', async () => {
  expect(SAMPLES.length).toBeGreaterThanOrEqual(11)
  mkdirSync(join(folder, 'samples'))
  for (const { file, code } of SAMPLES) {
    writeFileSync(join(folder, 'samples', file), code.replaceAll('http://127.0.0.1:8000', real.url))
  }
  const options = {
    target: 'ES2022',
    module: 'NodeNext',
    strict: true,
    jsx: 'react-jsx',
    types: ['node'],
    lib: ['ES2023', 'DOM'],
    outDir: 'out',
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, rootDir: 'samples' }, include: ['samples'] }),
  )
  execFileSync(join(FRONTEND, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: ['ignore', 'inherit', 'inherit'] })
  const programs = SAMPLES.filter(({ where }) => where === 'node').map(({ name }) =>
    linesOf('node', [`out/${name}.js`], 1),
  )
  for (const [line] of await Promise.all(programs)) expect(line).not.toBe('')
})

test('every sample for a page, and the examples for Vite and React, run in one', async ({ page }) => {
  const samples = SAMPLES.filter(({ where }) => where === 'browser')
  mkdirSync(join(folder, 'pages'), { recursive: true })
  for (const { name, file, code } of samples) {
    writeFileSync(join(folder, 'pages', file), code.replaceAll('http://127.0.0.1:8000', real.url))
    writeFileSync(
      join(folder, 'pages', `${name}.html`),
      `<!doctype html><body><script type="module" src="./${file}"></script></body>`,
    )
  }
  await bundle([...samples.map(({ name }) => `pages/${name}.html`), 'vite/index.html', 'react/index.html'], 'built')
  const shown = {
    createCandleStream: /\d+ live/,
    useCandles: /\d+ live/,
    attachCandles: '',
    createDatafeed: /BTC \/ USD/,
  }
  for (const { name, code } of samples) {
    const [sign, text] = Object.entries(shown).find(([word]) => code.includes(word))!
    await page.goto(`${origin}/built/pages/${name}.html`)
    if (sign === 'attachCandles') await expect(page).toHaveTitle(/^live/)
    else await expect(page.locator('body'), sign).toHaveText(text)
  }
  await page.goto(`${origin}/built/vite/index.html?url=${real.url}`)
  await expect(page.locator('#state')).toHaveText(/^[1-9]\d* bars, live, 0 gaps$/)
  await page.goto(`${origin}/built/react/index.html?url=${real.url}`)
  // As many as were asked for where the series was open already, else what the exchange begins with.
  await expect(page.locator('tr', { hasText: 'ETHUSD' })).toHaveText(/ETHUSD:1m[\d.]+live[1-9]\d* candles/)
})

test('the example without a bundler runs, and says what is wrong', async ({ page }) => {
  await page.goto(`${origin}/plain/index.html?url=${real.url}`)
  await expect(page.locator('#price')).toHaveText(/\d+ live/)
  // The files' own server answers as well, and is no CandleStream server.
  await page.goto(`${origin}/plain/index.html?url=${origin}`)
  await expect(page.locator('#error')).toContainText('Is `url` the root address of a CandleStream server?')
})

test('a page that the server does not let in is told how to change that', async ({ page }) => {
  const other = origin.replace('127.0.0.1', 'localhost')
  await page.goto(`${other}/plain/index.html?url=${real.url}`)
  await expect(page.locator('#error')).toContainText(`Add ${other} to its setting Security:AllowedOrigins`)
})

test('a key opens a locked server, for pages by tickets and for Node; without one both say so', async ({ page }) => {
  const locked = new LockedServer([`--Security:AllowedOrigins=${origin}`])
  try {
    await locked.start()
    const { url } = locked.server
    const tickets: string[] = []
    page.on('request', (request) => {
      if (request.url().startsWith(`${url}/candles/stream?`))
        tickets.push(new URL(request.url()).searchParams.get('ticket')!)
    })
    await page.goto(`${origin}/plain/index.html?url=${url}&key=${locked.key}`)
    await expect(page.locator('#price')).toHaveText(/\d+ live/)
    expect(tickets).toEqual([expect.stringMatching(/./)])
    await page.goto(`${origin}/plain/index.html?url=${url}`)
    await expect(page.locator('#error')).toContainText('Give the client a key that the server knows')
    const lines = await linesOf('node', ['node/bot.mjs'], 3, {
      CANDLESTREAM_URL: url,
      CANDLESTREAM_API_KEY: locked.key,
    })
    expect(lines).toHaveLength(3)
    expect(await failureOf(['node/bot.mjs'], { CANDLESTREAM_URL: url })).toContain('Give the client a key')
  } finally {
    await locked.stop()
  }
})

test('the examples for Node run, and what cannot be had ends them with words', async () => {
  const env = { CANDLESTREAM_URL: real.url }
  expect(await linesOf('node', ['node/bot.mjs', 'BTCUSD:1m'], 20, env)).toHaveLength(20)
  const lines = await linesOf('node', ['node/watch.mjs', 'BTCUSD:1m', 'ETHUSD:1m'], 3, env)
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ timeframe: '1m', rev: expect.any(Number) })
  for (const [name, words] of [
    ['NOSUCH:1m', 'NOSUCH'],
    ['BTCUSD', 'write SYMBOL:TIMEFRAME'],
  ] as const) {
    expect(await failureOf(['node/bot.mjs', name], env)).toContain(words)
  }
})

test('createCandleStream alone is at most 12 288 bytes, compressed', async () => {
  const entry = join(folder, 'only')
  mkdirSync(entry)
  writeFileSync(
    join(entry, 'main.js'),
    "import { createCandleStream } from 'candle-stream'\nglobalThis.create = createCandleStream\n",
  )
  writeFileSync(join(entry, 'index.html'), '<script type="module" src="./main.js"></script>')
  await bundle(['only/index.html'], 'only-built')
  const assets = join(folder, 'only-built/assets')
  const size = execFileSync('sh', ['-c', `cat ${resolve(assets)}/*.js | gzip -9 | wc -c`], {
    encoding: 'utf8',
    cwd: dirname(assets),
  })
  expect(Number(size)).toBeLessThanOrEqual(12_288)
})
