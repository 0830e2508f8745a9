// Calls tools of an MCP server through the official client and prints what came, as one line of JSON.
//   node mcp.mjs URL '[{"name":"get_status","arguments":{"series":"BTCUSD:1m"}}]' [KEY]
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const [url, calls, key] = process.argv.slice(2)
const headers = key ? { Authorization: `Bearer ${key}` } : {}
const client = new Client({ name: 'test', version: '1' })
const result = { tools: [], answers: [] }
try {
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } }))
  result.server = client.getServerVersion()
  result.instructions = client.getInstructions()
  result.tools = (await client.listTools()).tools
  for (const call of JSON.parse(calls)) result.answers.push(await client.callTool(call))
  await client.close()
} catch (error) {
  result.failed = `${error.message} ${error.code ?? ''}`
}

console.log(JSON.stringify(result))
