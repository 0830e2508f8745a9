"""What a stranger meets: the package in an empty environment, and the samples of its README."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
import unittest
import venv
from pathlib import Path

from .scripted import RealServer

PACKAGE = Path(__file__).resolve().parents[1]


class PackageTests(unittest.TestCase):
    server: RealServer
    folder: Path
    python: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="candlestream-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        # A build leaves its traces beside the sources: build from a copy.
        source = cls.folder / "source"
        shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info", "tests"))
        venv.create(cls.folder / "env", with_pip=True)
        cls.python = str(cls.folder / "env" / "bin" / "python")
        installed = subprocess.run(
            [cls.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(source)],
            capture_output=True,
            text=True,
            timeout=300,
        )
        if installed.returncode != 0:
            raise AssertionError(installed.stderr)
        cls.server = RealServer(seconds=600)
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()

    def test_every_sample_of_the_readme_runs_in_an_empty_environment(self) -> None:
        samples = re.findall(r"^```python\n(.*?)^```", (PACKAGE / "README.md").read_text(), re.M | re.S)
        self.assertGreaterEqual(len(samples), 5)
        for number, sample in enumerate(samples):
            with self.subTest(sample=sample):
                self.assertIn("http://127.0.0.1:8000", sample)
                file = self.folder / f"sample{number}.py"
                file.write_text(sample.replace("http://127.0.0.1:8000", self.server.url))
                endless = " in " in sample
                self.assertGreaterEqual(len(self.run_for([self.python, str(file)], lines=3 if endless else 1)), 3 if endless else 1)

    def test_the_command_is_installed_typed_and_without_dependencies(self) -> None:
        line = self.run_for([str(self.folder / "env" / "bin" / "candlestream"), "watch", "BTCUSD:1m", "--url", self.server.url], lines=1)
        self.assertIn('"series":"BTCUSD:1m"', line[0])
        script = (
            "import candlestream, importlib.metadata as m, pathlib;"
            "print(pathlib.Path(candlestream.__file__).with_name('py.typed').exists(), m.requires('candlestream'))"
        )
        self.assertEqual(["True ['pandas; extra == \"pandas\"']"], self.run_for([self.python, "-c", script], lines=1))

    def run_for(self, command: list[str], lines: int) -> list[str]:
        """The first lines of a program, which is then stopped."""
        with subprocess.Popen(command, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            limit = threading.Timer(60, process.kill)
            limit.start()
            assert process.stdout and process.stderr
            found = [line.rstrip("\n") for line, _ in zip(process.stdout, range(lines))]
            if len(found) < lines:
                self.fail(f"{command}: {found}\n{process.stderr.read()}")
            limit.cancel()
            process.kill()
            process.wait()
        return found
