/** Full counts on demand; small ones for every day. */
export const full = process.env.CANDLESTREAM_TEST_FULL === '1'
