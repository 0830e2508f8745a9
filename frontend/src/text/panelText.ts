import type { panels as sentences } from './sentences'
import { panels as english } from './sentences.ts?en-panels'
import { inGerman, type Spoken } from './text'

type PanelText = Spoken<typeof sentences>

/** The sentences of what is loaded later. */
export const panelText = await inGerman(english as PanelText, (file) => file.panels as PanelText)
