import { defineConfig } from '@playwright/test'
import base from '../playwright.config'

/** `npm run build && npm run bench`: the figures of docs/page.md, on this machine, in about a minute. */
export default defineConfig({
  ...base,
  workers: 1,
  testDir: '.',
  testMatch: '*.bench.ts',
  outputDir: '../test-results/bench',
  reporter: [['list']],
})
