/*
 * The page without a network: its own files, and nothing else. Built as /sw.js with the list of files in place of FILES.
 * Candles, status and the stream always come from the server or not at all; what the page keeps of them it keeps itself, with their time.
 */
const FILES = self.__FILES__
const NAME = `candlestream-${self.__VERSION__}`

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)))
  self.skipWaiting()
})

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()))
})

self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url)
  if (event.request.method !== 'GET' || origin !== self.location.origin) return
  if (pathname === '/' && event.request.mode === 'navigate') event.respondWith(page(event.request))
  else if (pathname !== '/' && FILES.includes(pathname)) event.respondWith(file(event.request))
})

/** The server's page where there is a server: it may be of another version. */
async function page(request) {
  try {
    const answer = await fetch(request)
    if (answer.status < 502 || answer.status > 504) return answer
  } catch {
    // No network: below.
  }
  return (await caches.match('/')) ?? Response.error()
}

/** Files of a build never change under their name. */
async function file(request) {
  return (await caches.match(request)) ?? fetch(request)
}

/** The files of former versions. A page of theirs that is still open has loaded its own long ago. */
async function forgetOthers() {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name.startsWith('candlestream-') && name !== NAME).map((name) => caches.delete(name)),
  )
}
