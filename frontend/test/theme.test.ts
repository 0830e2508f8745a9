import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** The colours of one look, out of the style sheet, the later rule winning. */
function coloursOf(theme: 'dark' | 'light', palette: 'classic' | 'colour-blind'): Map<string, string> {
  const sheet = readFileSync('src/ui/theme.css', 'utf8').split('@media')[0]!
  const colours = new Map<string, string>()
  for (const [, selectors, body] of sheet.matchAll(/([^{}]+)\{([^}]*)\}/g)) {
    const applies = selectors!.split(',').some((selector) => {
      const wanted = [...selector.matchAll(/\[data-(theme|palette)="([a-z-]+)"\]/g)]
      return wanted.length > 0 && wanted.every(([, name, value]) => value === (name === 'theme' ? theme : palette))
    })
    if (!applies) continue
    for (const [, name, value] of body!.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)) colours.set(name!, value!)
  }
  return colours
}

/** WCAG 2's relative luminance. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

test.each([
  ['dark', 'classic'],
  ['dark', 'colour-blind'],
  ['light', 'classic'],
  ['light', 'colour-blind'],
] as const)('%s, %s: candles stand out 3:1 from the ground, texts in their colours 4.5:1', (theme, palette) => {
  const colours = coloursOf(theme, palette)
  const of = (name: string) => colours.get(name)!
  for (const name of ['up', 'down', 'field'])
    expect(contrast(of(name), of('background')), name).toBeGreaterThanOrEqual(3)
  for (const name of ['up-text', 'down-text', 'note', 'muted', 'live'])
    for (const ground of ['background', 'panel'])
      expect(contrast(of(name), of(ground)), name).toBeGreaterThanOrEqual(4.5)
  for (const name of ['up-tag', 'down-tag']) expect(contrast(of(name), of('on-tag')), name).toBeGreaterThanOrEqual(4.5)
})
