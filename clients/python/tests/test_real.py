"""The client against the real server, which is killed while candles close: what both modes end with is the exchange's ledger."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path
from typing import Any

from candlestream import AsyncClient, Candle, Client, Disconnected, Event, Reset

from .scripted import RealServer

KILLS = 12 if os.environ.get("CANDLESTREAM_TEST_FULL") == "1" else 3
OPTIONS: dict[str, Any] = {"backoff": [0.1], "poll_after_failures": 1}


class Held:
    """The newest version of each candle that a client was handed; it may only get newer."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._candles: dict[str, dict[int, Candle]] = {}
        self.cuts = self.events = 0
        self.wrong: list[str] = []

    def take(self, event: Event) -> None:
        with self._gate:
            self.events += 1
            if isinstance(event, Reset):
                self._candles.pop(event.series, None)
            elif isinstance(event, Disconnected):
                self.cuts += 1
            elif isinstance(event, Candle):
                held = self._candles.setdefault(event.series, {})
                before = held.get(event.time)
                if before is not None and event.rev <= before.rev:
                    self.wrong.append(f"{event} after {before}")
                held[event.time] = event

    def closed(self, series: str) -> dict[int, tuple[Any, ...]]:
        with self._gate:
            candles = self._candles.get(series, {}).values()
            return {c.time: (c.open, c.high, c.low, c.close, c.volume) for c in sorted(candles, key=lambda c: c.time) if c.closed}


class KilledServerTests(unittest.TestCase):
    def setUp(self) -> None:
        logging.getLogger("candlestream").setLevel(logging.CRITICAL)
        self.addCleanup(logging.getLogger("candlestream").setLevel, logging.NOTSET)

    def test_closed_candles_equal_the_ledger_through_kills_outages_and_corrections(self) -> None:
        server = RealServer(seconds=4 * KILLS)
        self.addCleanup(server.stop)
        series = [f"{pair}:1m" for pair in server.pairs]
        server.start()
        kinds = {
            "sync, gzip": ({"gzip": True}, False),
            "sync, delta": ({"delta": True, "gzip": False}, False),
            "async, gzip, delta": ({"delta": True}, True),
        }
        held = {name: Held() for name in kinds}
        stops = [self.follow(server.url, series, held[name], options, is_async) for name, (options, is_async) in kinds.items()]
        for stop in stops:
            self.addCleanup(stop)
        for kill in range(KILLS):
            self.until(lambda: all(h.events > 40 * (kill + 1) for h in held.values()) or server.is_over(), "events come")
            server.fault(fault="late-revision", key="trade:1m:tBTCUSD")
            if kill % 2:
                server.fault(fault="cut")
            server.kill()
            cuts = {name: h.cuts for name, h in held.items()}
            self.until(lambda: all(h.cuts > cuts[name] + 1 for name, h in held.items()), "the clients notice")
            server.launch()
        server.until_up()
        server.until_over()
        for pair in server.pairs:
            ledger = server.ledger(pair)
            for name, h in held.items():
                with self.subTest(client=name, pair=pair):
                    self.until(lambda: self.expected(ledger, h.closed(f"{pair}:1m")) == h.closed(f"{pair}:1m"), name, strict=False)
                    found = h.closed(f"{pair}:1m")
                    self.assertEqual(self.expected(ledger, found), found)
                    self.assertGreater(len(found), 20)
                    self.assertEqual([], h.wrong)
            # The server's own store says the same.
            first = min(ledger)
            self.assertEqual(
                ledger, {c.time: (c.open, c.high, c.low, c.close, c.volume) for c in Client(server.url).all_history(f"{pair}:1m", first)}
            )

    @staticmethod
    def expected(ledger: dict[int, Any], found: dict[int, Any]) -> dict[int, Any]:
        """The ledger from the client's first candle on: what was before it came is history."""
        return {t: values for t, values in ledger.items() if found and t >= min(found)}

    def follow(self, url: str, series: list[str], held: Held, options: dict[str, Any], is_async: bool) -> Any:
        """Starts a client; the result ends it."""
        if not is_async:
            client = Client(url, **OPTIONS, **options)
            thread = threading.Thread(target=lambda: [held.take(event) for event in client.events(series)])
            thread.start()
            return lambda: (client.close(), thread.join(20))

        loop = asyncio.new_event_loop()

        async def run() -> None:
            async for event in AsyncClient(url, **OPTIONS, **options).events(series):
                held.take(event)

        task = loop.create_task(run())

        def work() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

        thread = threading.Thread(target=work)
        thread.start()
        return lambda: (loop.call_soon_threadsafe(task.cancel), thread.join(20))

    def until(self, done: Any, what: str, *, strict: bool = True) -> None:
        began = time.monotonic()
        while not done():
            if time.monotonic() - began > 60:
                if strict:
                    self.fail(f"not within 60 s: {what}")
                return
            time.sleep(0.02)


class CommandTests(unittest.TestCase):
    server: RealServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = RealServer(seconds=600)
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()

    def watch(self, *arguments: str, **named: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "candlestream", "watch", *arguments]
        return subprocess.Popen(command, cwd=Path(__file__).parents[1], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **named)

    def test_watch_prints_a_line_a_candle_and_ends_with_its_pipe(self) -> None:
        with self.watch("BTCUSD:1m", "--url", self.server.url, "--closed-only", "--history", "2") as process:
            assert process.stdout and process.stderr
            for _ in range(5):
                line = json.loads(process.stdout.readline())
                self.assertEqual(("BTCUSD:1m", True), (line["series"], line["closed"]))
            process.stdout.close()
            self.assertEqual(0, process.wait(30))
            self.assertEqual("", process.stderr.read())

    def test_watch_says_why_it_ends(self) -> None:
        for arguments, code, words in (
            (("NOSUCH:1m", "--url", self.server.url), 1, "NOSUCH"),
            (("BTCUSD", "--url", self.server.url), 2, "SYMBOL:TIMEFRAME"),
            (("BTCUSD:1m", "--url", "nonsense"), 2, "http://127.0.0.1:8000"),
        ):
            with self.subTest(arguments=arguments), self.watch(*arguments) as process:
                out, err = process.communicate(timeout=30)
                self.assertEqual((code, ""), (process.returncode, out))
                self.assertIn(words, err)
                self.assertEqual(1, err.count("\n"))

    def test_watch_without_a_server_says_so_and_goes_on(self) -> None:
        with self.watch("BTCUSD:1m", "--url", "http://127.0.0.1:1") as process:
            assert process.stderr
            for _ in range(2):
                self.assertIn("cannot be reached", process.stderr.readline())
            process.terminate()
