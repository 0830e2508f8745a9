/** `sentences.ts` in one language, as `vite.config.ts` makes it. The panels' are a module of their own, which is loaded later. */
declare module '*?en' {
  export const page: unknown
}
declare module '*?en-panels' {
  export const panels: unknown
}
declare module '*?de' {
  export const page: unknown
  export const panels: unknown
}
