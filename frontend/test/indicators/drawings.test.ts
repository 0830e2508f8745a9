import { describe, expect, it } from 'vitest'
import { DRAWING_IDS, distanceTo } from '../../src/chart/tools/drawings/drawingKind'
import { KINDS } from '../../src/chart/tools/drawings/kinds'
import { Places } from '../../src/chart/tools/drawings/places'
import { readDrawings } from '../../src/state/tools/drawings'

const SIZE = { width: 800, height: 400 }
const SPOTS = [
  { x: 100, y: 300 },
  { x: 200, y: 250 },
]

it('a time has a place between bars, before the first and after the last', () => {
  const places = new Places([1000, 2000, 3000, 5000], 1000)
  expect(places.of(2000)).toBe(1)
  expect(places.of(2500)).toBe(1.5)
  // Inside a stretch without bars it stays at the bar before it, and never beyond the next one.
  expect(places.of(4500)).toBe(3)
  expect(places.of(0)).toBe(-1)
  expect(places.of(7000)).toBe(5)
  for (const place of [-3, 0, 2, 3, 9]) expect(places.of(places.timeAt(place)!)).toBe(place)
  expect(new Places([], 1000).of(5)).toBeNull()
  expect(new Places([], 1000).timeAt(5)).toBeNull()
})

describe.each(DRAWING_IDS)('%s', (id) => {
  it('can be taken hold of where it is drawn, and nowhere far from it', () => {
    const lines = KINDS[id].lines(SPOTS.slice(0, KINDS[id].points), SIZE)
    expect(KINDS[id].id).toBe(id)
    expect(lines.length).toBeGreaterThan(0)
    for (const [a, b] of lines) {
      const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
      expect(Math.min(...lines.map((line) => distanceTo(middle, line)))).toBeLessThan(0.001)
      for (const value of [a.x, a.y, b.x, b.y]) expect(Number.isFinite(value)).toBe(true)
    }
    expect(Math.min(...lines.map((line) => distanceTo({ x: 700, y: 380 }, line)))).toBeGreaterThan(20)
  })
})

it('a line of no length is a point', () => {
  expect(distanceTo({ x: 3, y: 4 }, [SPOTS[0]!, SPOTS[0]!])).toBeCloseTo(Math.hypot(97, 296))
  expect(
    KINDS.ray
      .lines([SPOTS[0]!, SPOTS[0]!], SIZE)[0]!
      .flatMap(({ x, y }) => [x, y])
      .every(Number.isFinite),
  ).toBe(true)
})

it('drawings are read one by one; what cannot be read is kept aside', () => {
  const good = {
    id: 'trend',
    anchors: [
      { time: 1, price: 2 },
      { time: 3, price: 4 },
    ],
    ink: 99,
    text: 7,
  }
  const bad = [null, { id: 'spiral' }, { ...good, anchors: good.anchors.slice(1) }, { ...good, anchors: [1, 2] }]
  const { drawings, unknown } = readDrawings([bad[0], good, ...bad.slice(1)])
  expect(drawings).toEqual([{ key: 2, id: 'trend', anchors: good.anchors, ink: 3, text: '' }])
  expect(unknown).toEqual(bad)
  expect(readDrawings('x')).toEqual({ drawings: [], unknown: [] })
})
