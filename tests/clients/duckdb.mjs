// Runs one query of DuckDB in a folder and prints its rows, as one line of JSON.
//   node duckdb.mjs FOLDER 'SELECT * FROM "btcusd.parquet"'
import { DuckDBInstance } from '@duckdb/node-api'

const [folder, query] = process.argv.slice(2)
process.chdir(folder)
const connection = await (await DuckDBInstance.create(':memory:')).connect()
console.log(JSON.stringify((await connection.runAndReadAll(query)).getRowsJson()))
