import { execFileSync } from 'node:child_process'
import { defineConfig } from '@playwright/test'

/** The browser of the machine: none is downloaded. */
function chromium(): string {
  if (process.env.CHROMIUM) return process.env.CHROMIUM
  try {
    return execFileSync(
      'sh',
      ['-c', 'command -v chromium || command -v chromium-browser || command -v google-chrome'],
      {
        encoding: 'utf8',
      },
    ).trim()
  } catch {
    throw new Error('No Chromium found: install it, or name it in CHROMIUM.')
  }
}

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/e2e',
  snapshotPathTemplate: 'e2e/shots/{arg}{ext}',
  // Most of a test is waiting. Each worker has servers of its own, and the tests of a file stay in one worker.
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
  use: {
    viewport: { width: 1440, height: 860 },
    timezoneId: 'UTC',
    locale: 'en-US',
    colorScheme: 'dark',
    // The tests' own routes would not see what it answers; its own tests let it in.
    serviceWorkers: 'block',
    launchOptions: {
      executablePath: chromium(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--font-render-hinting=none',
        '--force-color-profile=srgb',
      ],
    },
  },
})
