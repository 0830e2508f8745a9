"""What docs/integrations.md says to type, in Python and in a shell; its TypeScript is run by the page's tests."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from .scripted import ROOT, RealServer, built

PAGE = (ROOT / "docs" / "integrations.md").read_text()


class IntegrationTests(unittest.TestCase):
    server: RealServer
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="candlestream-integrations-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.server = RealServer(seconds=600)
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()
        program = cls.folder / "bin" / "candlestream"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec dotnet {built("CandleStream.Server")} "$@"\n')
        program.chmod(0o755)

    def run_it(self, command: list[str], sample: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment |= {
            "PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{environment['PATH']}",
            "PYTHONPATH": str(ROOT / "clients" / "python"),
            "Storage__SqlitePath": str(self.server.store),
            "Bitfinex__RestUrl": self.server.exchange_url + "/v2",
            "Bitfinex__WebSocketUrl": self.server.exchange_url.replace("http", "ws") + "/ws/2",
        }
        text = sample.replace("http://127.0.0.1:8000", self.server.url)
        run = subprocess.run([*command, text], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(0, run.returncode, run.stderr)
        return run.stdout

    def samples(self, kind: str) -> list[str]:
        found = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.M | re.S)
        self.assertTrue(found)
        return found

    def test_every_shell_command_runs(self) -> None:
        for sample in self.samples("sh"):
            with self.subTest(sample=sample):
                out = self.run_it(["sh", "-c"], sample)
                lines = re.search(r"head -n (\d+)$", sample, re.M)
                if lines is not None:
                    self.assertEqual(int(lines[1]), len(out.splitlines()))
        self.assertEqual(100, len((self.folder / "candles.ndjson").read_text().splitlines()))
        self.assertEqual(b"PAR1", (self.folder / "btcusd.parquet").read_bytes()[:4])

    @unittest.skipIf(importlib.util.find_spec("pandas") is None, "pandas is not installed")
    def test_the_sample_for_pandas_runs(self) -> None:
        for sample in self.samples("python pandas"):
            self.assertIn("close", self.run_it([sys.executable, "-c"], sample))
