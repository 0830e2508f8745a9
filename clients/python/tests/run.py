"""Runs the tests: `python3 clients/python/tests/run.py [--report FILE] [NAME…]`.

The report is JSON as Vitest writes it, which scripts/count-tests.mjs reads.
"""

from __future__ import annotations

import argparse
import json
import sys
import unittest
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


class Result(unittest.TextTestResult):
    """Remembers how each test ended."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.outcomes: dict[str, str] = {}

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.outcomes.setdefault(test.id(), "passed")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self.outcomes[test.id()] = "failed"

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self.outcomes[test.id()] = "failed"

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.outcomes[test.id()] = "failed"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.outcomes[test.id()] = "skipped"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--report", type=Path)
    parser.add_argument("names", nargs="*", help="such as tests.test_parts.SseTests; default: all")
    given = parser.parse_args()
    sys.path.insert(0, str(FOLDER.parent))
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(given.names) if given.names else loader.discover(str(FOLDER), top_level_dir=str(FOLDER.parent))
    result = unittest.TextTestRunner(resultclass=Result, verbosity=1).run(suite)
    if given.report is not None:
        outcomes: dict[str, str] = result.outcomes  # type: ignore[attr-defined]
        tests = [{"fullName": f"python: {name}", "status": status} for name, status in outcomes.items()]
        given.report.parent.mkdir(parents=True, exist_ok=True)
        status = "passed" if result.wasSuccessful() else "failed"
        file = {"name": "clients/python", "status": status, "message": "a test module cannot be loaded", "assertionResults": tests}
        given.report.write_text(json.dumps({"testResults": [file]}))
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
