/**
 * In `localStorage`: says to this browser's other tabs, and to the page when it is loaded again, that there is a session.
 * It holds the time of signing in, never the key.
 */
export const SIGNED_IN = 'candlestream.signed-in'
