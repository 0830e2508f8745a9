"""A Parquet export as another program reads it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

from .scripted import built

try:
    import duckdb
except ImportError:
    duckdb = None

ROWS = [
    (1714564800000, "6351.12345678", "6352", "6351", "6351.9", "3.1e-7"),
    (1714564860000, "6351.9", "6351.9", "6350", "6350.5", "0.75000031"),
]


class DuckDbTests(unittest.TestCase):
    @unittest.skipIf(duckdb is None, "the Python package duckdb is not installed")
    def test_duckdb_reads_every_digit_of_an_export(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "in.csv"), Path(folder, "out.parquet")
            source.write_text("\n".join(["time,open,high,low,close,volume", *(",".join(map(str, row)) for row in ROWS)]) + "\n")
            for command in (["import", "BTCUSD:1m", str(source)], ["export", "BTCUSD:1m", "--out", str(target)]):
                store = f"--Storage:SqlitePath={folder}/candles.db"
                rest = "--Bitfinex:RestUrl=http://127.0.0.1:1/v2"
                environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
                run = ["dotnet", built("CandleStream.Server"), *command, store, rest]
                subprocess.run(run, cwd=folder, env=environment, check=True, capture_output=True)
            found = duckdb.sql(f"SELECT epoch_ms(time), open, high, low, close, volume, closed FROM '{target}' ORDER BY time").fetchall()
        self.assertEqual([(row[0], *(Decimal(number) for number in row[1:]), True) for row in ROWS], found)
