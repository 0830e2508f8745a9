import type { page as sentences } from './sentences'
import { page as english } from './sentences.ts?en'

/** The sentences of one language. */
export type Spoken<T> = { [K in keyof T]: T[K] extends { en: infer S } ? S : never }
export type Text = Spoken<typeof sentences>

/** The language of the page: German for those who read it first, else English. */
export const isGerman = /^de\b/i.test(navigator.language)

/** Numbers and dates are written as the page's language writes them. */
export const locale: string = /^(de|en)\b/i.test(navigator.language) ? navigator.language : 'en-US'

export const text = await inGerman(english as Text, (file) => file.page as Text)

/** German where it is read; English, too, where the German file cannot be had. */
export async function inGerman<T>(english: T, pick: (file: typeof import('*?de')) => T): Promise<T> {
  if (!isGerman) return english
  try {
    return pick(await import('./sentences.ts?de'))
  } catch {
    return english
  }
}
