import '@fontsource-variable/inter/index.css'
import './ui/app.css'
import { createRoot } from 'react-dom/client'
import { Page } from './state/page'
import { App } from './ui/App'

const page = new Page()
page.start()
// The page's tests, and whoever debugs it, look at it from here.
Object.assign(window, { candlePage: page })
createRoot(document.getElementById('root')!).render(<App page={page} />)
