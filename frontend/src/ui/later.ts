/** What nobody needs before the first candle: loaded when the page has come to rest, or at once where it is wanted earlier. */
export { Help } from './Help'
export { installWorker } from './install'
export { Keyboard } from './keyboard'
export { MoreItems } from './More'
export { Rail } from './Rail'
export { SignIn } from './SignIn'
export { SymbolDialog } from './SymbolDialog'
