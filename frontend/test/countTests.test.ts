// @vitest-environment node
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

// ./test.sh counts with scripts/count-tests.mjs; here it counts kept reports of each kind.
const script = fileURLToPath(new URL('../../scripts/count-tests.mjs', import.meta.url))
const report = (name: string) => fileURLToPath(new URL(`./reports/${name}`, import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'count-tests-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function run(...args: string[]) {
  const { stdout, status } = spawnSync(
    process.execPath,
    [script, args[0] ?? '', join(folder, 'parts'), ...args.slice(1)],
    {
      encoding: 'utf8',
    },
  )
  return { lines: stdout.trimEnd().split('\n'), code: status }
}

/** One part is counted; what the sum then says without the times and how each test failed. */
function sumOf(exitCode: number, ...files: string[]) {
  return allOf(exitCode, ...files).filter((l) => !l.startsWith('    '))
}

/** As `sumOf`, with how each test failed. */
function allOf(exitCode: number, ...files: string[]) {
  run('part', 'part', String(exitCode), '61', ...files.map(report))
  const { lines, code } = run('sum', '125')
  expect(lines.filter((l) => l.startsWith('time: '))).toEqual(['time: 1:01 part', 'time: 2:05 in all'])
  expect(code).toBe(lines.some((l) => l.startsWith('failed: ')) ? 1 : 0)
  return lines.filter((l) => !l.startsWith('time: '))
}

test('a run that passed counts its passed tests and names the skipped ones', () => {
  expect(sumOf(0, 'passed.trx')).toEqual(['skipped: A.Is_skipped', '1 passed, 0 failed, 1 skipped'])
})

test('a test that timed out or was canceled is a failed test and is named', () => {
  expect(sumOf(2, 'failed.trx')).toEqual([
    'failed: A.Fails',
    'failed: A.Row(s: "a<b>&")',
    'failed: A.Hangs',
    'failed: A.Is_canceled',
    '1 passed, 4 failed',
  ])
})

test('below each failed test stands how it failed', () => {
  const [, ...told] = allOf(2, 'failed.trx')
  expect(told.slice(0, 4)).toEqual(['    no', 'failed: A.Row(s: "a<b>&")', '    Strings differ', 'failed: A.Hangs'])
  rmSync(join(folder, 'parts'))
  const ofLog = allOf(7, 'crashed.trx', 'cleanup.log')
  expect(ofLog.slice(1, 3)).toEqual([
    'failed: C.Fails',
    '    Xunit.MicrosoftTestingPlatform.XunitException: failed inside (1ms)',
  ])
  // Of a part that failed as a whole: the end of what it printed.
  expect(ofLog.at(-2)).toContain('Test host crashed')
})

test('where the report writer crashed, the console output counts, and the crash is one more failure', () => {
  const counted = [
    'skipped: C.Is_skipped',
    'failed: C.Fails',
    'failed: [Test Cleanup Failure (C.Hangs)]',
    'failed: C.Hangs',
    'failed: part (exit code 7; its report cannot be read or is not complete)',
    '1 passed, 4 failed, 1 skipped',
  ]
  expect(sumOf(7, 'crashed.trx', 'cleanup.log')).toEqual(counted)
  rmSync(join(folder, 'parts'))
  expect(sumOf(7, 'missing.trx', 'cleanup.log')).toEqual(counted)
})

test('a report that was cut off is one more failure beside those that can be read', () => {
  expect(sumOf(2, 'cut.trx')).toEqual([
    'failed: A.Fails',
    'failed: part (exit code 2; its report cannot be read or is not complete)',
    '1 passed, 2 failed',
  ])
})

test('a process that was ended names the tests that ran in the end; one that ended by itself does not', () => {
  expect(sumOf(124, 'crashed.trx', 'hung.log')).toEqual([
    'failed: part (hung; still running: C.Hangs, C.Waits(s: "a"))',
    '2 passed, 1 failed',
  ])
  rmSync(join(folder, 'parts'))
  expect(sumOf(7, 'crashed.trx', 'hung.log')[0]).toContain('exit code 7')
})

test('of Vitest also a file that cannot be loaded has failed, and a test to do is skipped', () => {
  expect(sumOf(1, 'vitest.json')).toEqual([
    'skipped: list waits',
    'skipped: list later',
    'failed: list breaks',
    "failed: b.test.ts: Cannot find module './gone'",
    '1 passed, 2 failed, 2 skipped',
  ])
})

test('of Playwright a flaky test has passed and is named, and an error outside of a test has failed', () => {
  expect(sumOf(1, 'playwright.json')).toEqual([
    'skipped: page.spec.ts › keys › close',
    'passed only when repeated: page.spec.ts › keys › repeat',
    'failed: page.spec.ts › keys › open',
    'failed: outside of a test: Timed out waiting 1s',
    '2 passed, 2 failed, 1 skipped',
  ])
})

test('a runner that failed without a failed test, or left no report, is one failure', () => {
  expect(sumOf(3, 'passed.trx')).toEqual([
    'skipped: A.Is_skipped',
    'failed: part (exit code 3)',
    '1 passed, 1 failed, 1 skipped',
  ])
  rmSync(join(folder, 'parts'))
  expect(sumOf(1, 'missing.json')).toEqual([
    'failed: part (exit code 1; its report cannot be read or is not complete)',
    '0 passed, 1 failed',
  ])
})

test('a step that is no test counts only when it fails', () => {
  run('part', 'build', '0', '3')
  run('part', 'tests', '0', '3', report('passed.trx'))
  run('part', 'formatting', '1', '3')
  expect(run('sum', '9').lines.slice(-2)).toEqual(['failed: formatting (exit code 1)', '1 passed, 1 failed, 1 skipped'])
})

test('where nothing ran, that is a failure', () => {
  expect(run('sum', '9')).toEqual({
    lines: ['time: 0:09 in all', 'failed: no test ran', '0 passed, 1 failed'],
    code: 1,
  })
})
