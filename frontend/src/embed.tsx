import '@fontsource-variable/inter/index.css'
import './ui/app.css'
import './ui/embed.css'
import { render } from 'preact'
import { EmbedPage } from './state/embedPage'
import { locale } from './text/text'
import { EmbedApp } from './ui/EmbedApp'

document.documentElement.lang = locale
const page = new EmbedPage()
page.start()
// The page's tests, and people who debug it, look at it from here.
Object.assign(window, { candlePage: page })
const root = document.getElementById('root')!
root.replaceChildren()
render(<EmbedApp page={page} />, root)
