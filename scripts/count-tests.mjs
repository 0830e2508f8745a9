#!/usr/bin/env node
// Counts what test runners reported, for ./test.sh.
//   count-tests.mjs part RECORDS NAME EXIT_CODE SECONDS [REPORT [LOG]]
//       counts one part, prints its figures and appends them to the file RECORDS
//   count-tests.mjs sum RECORDS SECONDS
//       prints times, skipped tests, failed ones with how they failed, and the sum of all parts
// REPORT is a TRX file, or the JSON of Vitest or Playwright. LOG is what the runner printed.
// A part without a report counts only when it fails.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'

// Of how a test failed so much is shown: the rest is in the report.
const linesShown = 25
const lettersShown = 300

// What `timeout` ends with, and how much of a log is its end.
const timedOut = 124
const lettersOfTheEnd = 4000

const [command, records, ...rest] = process.argv.slice(2)
if (command === 'part' && rest.length >= 3) part(...rest)
else if (command === 'sum' && rest.length === 1) sum(Number(rest[0]))
else {
  console.error('usage: count-tests.mjs part RECORDS NAME EXIT_CODE SECONDS [REPORT [LOG]] | sum RECORDS SECONDS')
  process.exit(2)
}

function part(name, exitCode, seconds, report, log) {
  const code = Number(exitCode)
  const counted = report === undefined ? nothing() : report.endsWith('.trx') ? countTrx(report, log) : countJson(report)
  const trouble = troubleOf(name, code, counted, report, log)
  if (trouble !== null) {
    counted.failed.push(trouble)
    counted.causes[trouble] = lastLines(read(log))
  }
  const { passed, failed, skipped, flaky, causes } = counted
  appendFileSync(records, `${JSON.stringify({ name, seconds: Number(seconds), passed, failed, skipped, flaky, causes })}\n`)
  if (report !== undefined) console.log(`-- ${name}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`)
}

function sum(seconds) {
  const parts = read(records).split('\n').filter(Boolean).map((line) => JSON.parse(line))
  const all = (list) => parts.flatMap((p) => p[list])
  const passed = parts.reduce((total, p) => total + p.passed, 0)
  const [failed, skipped] = [all('failed'), all('skipped')]
  if (passed + failed.length === 0) failed.push('no test ran')
  for (const p of parts) console.log(`time: ${clock(p.seconds)} ${p.name}`)
  console.log(`time: ${clock(seconds)} in all`)
  for (const name of skipped) console.log(`skipped: ${name}`)
  for (const name of all('flaky')) console.log(`passed only when repeated: ${name}`)
  const causes = Object.assign({}, ...parts.map((p) => p.causes))
  for (const name of failed) {
    console.log(`failed: ${name}`)
    if (causes[name]) console.log(indent(causes[name]))
  }
  console.log(`${passed} passed, ${failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`)
  process.exitCode = failed.length > 0 ? 1 : 0
}

// What is wrong with a run beside the failures that it reported: one more failure, or null.
function troubleOf(name, code, { failed, isWhole }, report, log) {
  const running = code === timedOut ? stillRunning(read(log)) : []
  if (running.length > 0) return `${name} (hung; still running: ${running.join(', ')})`
  // Microsoft.Testing.Platform: 8 means that no test ran, which is no failure by itself.
  const isClean = code === 0 || (code === 8 && report?.endsWith('.trx'))
  if (isWhole && (isClean || failed.length > 0)) return null
  return isWhole ? `${name} (exit code ${code})` : `${name} (exit code ${code}; its report cannot be read or is not complete)`
}

// The platform's writer leaves an empty or no TRX when a cleanup fails or the process dies. The console output then tells more.
function countTrx(report, log) {
  const text = read(report)
  const counted = nothing()
  for (const [, attributes, inner] of text.matchAll(/<UnitTestResult\s([^>]*?)(?:\/>|>(.*?)(?:<\/UnitTestResult>|$))/gs)) {
    const cause = unescape(/<Message>(.*?)<\/Message>/s.exec(inner ?? '')?.[1] ?? '')
    add(counted, unescape(/\btestName="([^"]*)"/.exec(attributes)?.[1] ?? '?'), /\boutcome="([^"]*)"/.exec(attributes)?.[1], cause)
  }
  counted.isWhole = text.trimEnd().endsWith('</TestRun>') && !/<Text>Test host process[^<]*(crashed|terminated)/.test(text)
  if (counted.isWhole) return counted
  const printed = countLog(read(log))
  return total(printed) > total(counted) ? printed : { ...counted, isWhole: false }
}

// Lines such as "passed NAME (12ms)" and "failed (canceled) NAME (1m 02s 345ms)". A failed cleanup has no duration.
function countLog(text) {
  const counted = { ...nothing(), isWhole: false }
  const line = /^(passed|failed|skipped) (?:\(\w+\) )?(.+?)(?: \((?:\d+(?:d|h|m|s|ms) ?)+\))?\r?$((?:\n {2}.*)*)/gm
  for (const [, outcome, name, told] of text.matchAll(line)) {
    add(counted, name, outcome === 'skipped' ? 'NotExecuted' : outcome, told)
  }
  return counted
}

function add(counted, name, outcome, cause) {
  if (/^passed$/i.test(outcome)) counted.passed++
  else if (outcome === 'NotExecuted') counted.skipped.push(name)
  else fail(counted, name, cause) // Failed, Timeout, Aborted, Error: a test that did not pass has failed
}

function fail(counted, name, cause) {
  counted.failed.push(name)
  if (cause) counted.causes[name] = firstLines(cause)
}

function countJson(report) {
  try {
    const json = JSON.parse(read(report))
    return json.stats ? countPlaywright(json) : countVitest(json)
  } catch {
    return { ...nothing(), isWhole: false }
  }
}

function countVitest(json) {
  const counted = nothing()
  for (const file of json.testResults) {
    const results = file.assertionResults
    for (const { fullName, status, failureMessages } of results) {
      if (status === 'passed') counted.passed++
      else if (status === 'failed') fail(counted, fullName, failureMessages?.[0])
      else counted.skipped.push(fullName) // pending, todo, skipped, disabled
    }
    // A file that cannot be loaded has no tests, or none that failed.
    const hasFailed = results.some((r) => r.status === 'failed')
    if (file.status === 'failed' && !hasFailed) counted.failed.push(`${file.name}: ${firstLine(file.message)}`)
  }
  return counted
}

function countPlaywright(json) {
  const counted = nothing()
  const visit = (suite, path) => {
    for (const spec of suite.specs ?? []) {
      const name = [...path, spec.title].join(' › ')
      for (const { status, results } of spec.tests) {
        if (status === 'unexpected') fail(counted, name, results?.at(-1)?.error?.message)
        else if (status === 'skipped') counted.skipped.push(name)
        else counted.passed++
        if (status === 'flaky') counted.flaky.push(name)
      }
    }
    for (const inner of suite.suites ?? []) visit(inner, [...path, inner.title])
  }
  for (const suite of json.suites) visit(suite, [suite.title])
  for (const error of json.errors ?? []) counted.failed.push(`outside of a test: ${firstLine(error.message)}`)
  return counted
}

// The runner prints a test again and again while it runs for long: "[Long Running Test] 'NAME', Elapsed: 00:20:00".
function stillRunning(text) {
  const last = text.slice(-lettersOfTheEnd)
  return [...new Set([...last.matchAll(/^\[Long Running Test\] '(.*)', Elapsed: /gm)].map(([, name]) => name))]
}

function nothing() {
  return { passed: 0, failed: [], skipped: [], flaky: [], causes: {}, isWhole: true }
}

function total(counted) {
  return counted.passed + counted.failed.length + counted.skipped.length
}

function read(path) {
  return path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function firstLines(text) {
  return shorten(text.trim().split('\n').slice(0, linesShown))
}

function lastLines(text) {
  return shorten(text.trim().split('\n').slice(-linesShown))
}

function shorten(lines) {
  // Without the colours of the runner.
  return lines.map((line) => line.replace(/\u001b\[\d*m/g, '').slice(0, lettersShown)).join('\n')
}

function indent(text) {
  return text.replace(/^/gm, '    ')
}

function firstLine(text) {
  return (text ?? '').split('\n', 1)[0]
}

function unescape(text) {
  const named = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' }
  return text.replace(/&(?:#x([\dA-Fa-f]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) =>
    hex ? String.fromCodePoint(Number.parseInt(hex, 16)) : decimal ? String.fromCodePoint(Number(decimal)) : (named[name] ?? whole))
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`
}
