import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = process.env.CANDLESTREAM_URL ?? 'http://127.0.0.1:8000'
const routes = ['/candles', '/symbols', '/timeframes', '/health', '/docs', '/openapi']

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { 'candle-stream': fileURLToPath(new URL('./packages/candle-stream/src/index.ts', import.meta.url)) },
  },
  build: {
    // Nothing may be inlined as a data: address: the page's Content-Security-Policy allows fonts and scripts from 'self' only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'chart', test: /node_modules\/(lightweight-charts|fancy-canvas)/ }] },
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
})
