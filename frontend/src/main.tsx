import '@fontsource-variable/inter/index.css'
import './ui/app.css'
import './early'
import { render } from 'preact'
import { Page } from './state/page'
import { locale } from './text/text'
import { App } from './ui/App'

document.documentElement.lang = locale
const page = new Page()
page.start()
// The page's tests, and people who debug it, look at it from here.
Object.assign(window, { candlePage: page })
const root = document.getElementById('root')!
// What stood there until now are the ghosts of index.html.
root.replaceChildren()
render(<App page={page} />, root)
