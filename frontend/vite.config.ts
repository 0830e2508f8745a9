import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const server = process.env.CANDLESTREAM_URL ?? 'http://127.0.0.1:8000'
const routes = ['/candles', '/symbols', '/timeframes', '/health', '/docs', '/openapi']

/** `src/early.ts` runs before everything else and does not wait for it: index.html asks for its chunk first. */
function earlyScript(): Plugin {
  return {
    name: 'early-script',
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle }) => {
        const chunk = Object.values(bundle ?? {}).find((file) => file.type === 'chunk' && file.name === 'early')
        if (chunk === undefined) return []
        const attrs = { type: 'module', async: true, crossorigin: true, src: `/${chunk.fileName}` }
        return [{ tag: 'script', attrs, injectTo: 'head-prepend' }]
      },
    },
  }
}

/** `src/worker.js` as /sw.js: it knows the files of this build, and is another one whenever they are. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    // After all others: a file that turned out empty is taken away again.
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const wanted = Object.keys(bundle).filter((name) => /\.(js|css)$|latin-wght-normal.*woff2$/.test(name))
        const files = ['/', '/favicon.svg', '/ghosts.svg', '/manifest.webmanifest', ...wanted.map((name) => `/${name}`)]
        const version = createHash('sha256').update(files.join()).digest('hex').slice(0, 12)
        const source = readFileSync('src/worker.js', 'utf8')
          .replace('self.__FILES__', JSON.stringify(files))
          .replace('self.__VERSION__', JSON.stringify(version))
        this.emitFile({ type: 'asset', fileName: 'sw.js', source })
      },
    },
  }
}

/**
 * `src/text/sentences.ts` holds each sentence as `{ en: …, de: … }`. Imported as `sentences.ts?de` it holds the German ones alone, so that
 * no browser loads a language that it does not show.
 */
function oneLanguage(): Plugin {
  return {
    name: 'one-language',
    transform(code, id) {
      const language = /sentences\.ts\?(en|de)/.exec(id)?.[1]
      if (language === undefined) return null
      const { body } = this.parse(code, { lang: 'ts' })
      const cuts: { start: number; end: number; kept: string }[] = []
      for (const statement of body) {
        if (statement.type !== 'ExportNamedDeclaration' || statement.declaration?.type !== 'VariableDeclaration')
          continue
        for (const { init } of statement.declaration.declarations) {
          const table = init?.type === 'CallExpression' ? init.arguments[0] : undefined
          if (table?.type !== 'ObjectExpression') continue
          for (const entry of table.properties) {
            if (entry.type !== 'Property' || entry.value.type !== 'ObjectExpression') continue
            const spoken = entry.value.properties.find(
              (one) => one.type === 'Property' && one.key.type === 'Identifier' && one.key.name === language,
            )
            if (spoken?.type !== 'Property')
              throw new Error(`A sentence has no ${language}: ${code.slice(entry.start, entry.end)}`)
            const { start, end } = spoken.value
            cuts.push({ start: entry.value.start, end: entry.value.end, kept: code.slice(start, end) })
          }
        }
      }
      const parts = cuts.map(({ start, kept }, index) => code.slice(cuts[index - 1]?.end ?? 0, start) + kept)
      return { code: parts.join('') + code.slice(cuts.at(-1)?.end ?? 0), map: null }
    },
  }
}

const CHART = { name: 'chart', test: /node_modules\/(lightweight-charts|fancy-canvas)/ }
const EARLY = { name: 'early', test: /src\/(early|state\/(settings|address)|feed\/timeframes)\.ts/ }
/** What comes after the first candle is one file, also where the chart's tools, which come later still, share a part of it. */
const LATER = { name: 'later', test: /\/src\/(ui\/later\/|text\/panelText)|\?en-panels/ }
/** All that the first candle needs is one file; what other files share with it would be cut out of it otherwise. */
const AT_FIRST = {
  name: 'page',
  test: /^(?!.*(ui\/later\/|\/tools\/|panelText|\?(de|en-panels)|\.css)).*(\/src\/|node_modules\/preact)/,
}

/**
 * `vite build` makes the page, `vite build --mode embed` the chart for other pages beside it. They are two builds, because in another site's
 * page the browser shares no files with ours: what both have in common would only be cut into more files.
 */
export default defineConfig(({ mode }) => ({
  plugins: mode === 'embed' ? [oneLanguage()] : [oneLanguage(), earlyScript(), serviceWorker()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: {
    alias: { 'candle-stream': fileURLToPath(new URL('./packages/candle-stream/src/index.ts', import.meta.url)) },
  },
  build: {
    // Nothing may be inlined as a data: address: the page's Content-Security-Policy allows fonts and scripts from 'self' only.
    assetsInlineLimit: 0,
    emptyOutDir: mode !== 'embed',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: mode === 'embed' ? 'embed.html' : 'index.html',
      output: {
        // In a frame nothing is loaded later: by then an update of the server may have taken the file away.
        codeSplitting: mode !== 'embed' && { groups: [CHART, EARLY, AT_FIRST, LATER] },
      },
    },
  },
  server: { host: '127.0.0.1', proxy: Object.fromEntries(routes.map((route) => [route, server])) },
  test: {
    environment: 'happy-dom',
    include: ['test/**/*.test.{ts,tsx}', 'packages/*/test/**/*.test.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    testTimeout: 20_000,
    coverage: { include: ['src/**', 'packages/*/src/**'] },
  },
}))
