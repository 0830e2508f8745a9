"""The parts without a socket."""

from __future__ import annotations

import gzip
import unittest

from candlestream import Disconnected, split_series, to_dataframe
from candlestream._engine import Engine, Hand, Options, Send, Wait
from candlestream._http import Address, Answer, Garbled, SseReader

try:
    import pandas
except ImportError:
    pandas = None


class AnswerTests(unittest.TestCase):
    def body(self, raw: bytes, size: int, ended: bool) -> tuple[int, bytes, bool]:
        answer = Answer()
        body = b"".join(answer.feed(raw[i : i + size]) for i in range(0, len(raw), size))
        if ended:
            answer.feed(b"")
        return answer.status, body, answer.is_over

    def test_reads_the_same_however_the_bytes_are_cut(self) -> None:
        packed = gzip.compress(b"hello ") + gzip.compress(b"world")
        chunks = (
            b"".join(b"%x;x=1\r\n%s\r\n" % (len(packed[i : i + 7]), packed[i : i + 7]) for i in range(0, len(packed), 7))
            + b"0\r\nTrailer: x\r\n\r\n"
        )
        answers = {
            "length": (b"Content-Length: 11\r\n\r\nhello world", False),
            "to the end": (b"\r\nhello world", True),
            "chunks of gzip": (b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" + chunks, False),
        }
        for name, (rest, ended) in answers.items():
            for size in (1, 2, 3, 1000):
                with self.subTest(name=name, size=size):
                    self.assertEqual(
                        (200, b"hello world", True), self.body(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + rest, size, ended)
                    )

    def test_refuses_what_is_cut_or_no_answer(self) -> None:
        for raw in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 2",
        ):
            with self.subTest(raw=raw), self.assertRaises(Garbled):
                self.body(raw, 1000, ended=True)


class SseTests(unittest.TestCase):
    def test_reads_every_kind_of_line_end_however_it_is_cut(self) -> None:
        text = "\ufeffevent: a\ndata: x\ndata:y\nid: 7\n\n: comment\n\ndata\n\nevent: none\n\n"
        for end in ("\n", "\r\n", "\r"):
            raw = text.replace("\n", end).encode() + b"\n"
            for size in (1, 3, 1000):
                with self.subTest(end=end, size=size):
                    reader = SseReader()
                    events = [e for i in range(0, len(raw), size) for e in reader.feed(raw[i : i + size])]
                    self.assertEqual([("a", "x\ny", "7"), ("message", "", "7")], [(e.name, e.data, e.id) for e in events])


class BackoffTests(unittest.TestCase):
    def waits(self, chance: float, results: list[OSError], clock: float = 0) -> list[float]:
        steps = Engine("http://x", Options(poll_after_failures=99), clock=lambda: clock, chance=lambda: chance).follow(
            ["BTCUSD:1m"], None, ()
        )
        found, step = [], next(steps)
        for failure in results:
            while not isinstance(step, Send):
                if isinstance(step, Wait):
                    found.append(step.seconds)
                step = next(steps)
            step = steps.throw(failure)
            self.assertIsInstance(step, Hand)
            self.assertIsInstance(step.event, Disconnected)  # type: ignore[union-attr]
        return [*found, next(steps).seconds]  # type: ignore[union-attr]

    def test_waits_longer_each_time_and_shortens_by_up_to_half(self) -> None:
        self.assertEqual([1, 2, 4, 8, 16, 16], self.waits(1, [OSError()] * 6))
        self.assertEqual([0.5, 1, 2], self.waits(0, [OSError()] * 3))


class AddressTests(unittest.TestCase):
    def test_reads_addresses(self) -> None:
        for url, expected in {
            "http://127.0.0.1:8000/": Address("127.0.0.1", 8000, False, ""),
            "https://candles.example/feed/": Address("candles.example", 443, True, "/feed"),
            "http://[::1]:81": Address("::1", 81, False, ""),
        }.items():
            self.assertEqual(expected, Address.parse(url))
        self.assertEqual("[::1]:81", Address.parse("http://[::1]:81").authority)

    def test_refuses_what_is_none(self) -> None:
        for url in ("127.0.0.1:8000", "ws://x", "http://", ""):
            with self.subTest(url=url), self.assertRaisesRegex(ValueError, "http://127.0.0.1:8000"):
                Address.parse(url)

    def test_the_last_colon_divides_a_series(self) -> None:
        self.assertEqual(("BTCF0:USTF0", "1m"), split_series("BTCF0:USTF0:1m"))
        for series in ("BTCUSD", ":1m", "BTCUSD:"):
            with self.assertRaises(ValueError):
                split_series(series)


class DataFrameTests(unittest.TestCase):
    @unittest.skipIf(pandas is None, "pandas is not installed")
    def test_candles_become_a_frame(self) -> None:
        from decimal import Decimal

        from candlestream import Candle

        one = Decimal("1.1")
        frame = to_dataframe([Candle("BTCUSD:1m", 1541980740000, one, one, one, one, one, True, 1)])
        self.assertEqual(one, frame["close"].iloc[0])
        self.assertEqual("2018-11-11 23:59:00+00:00", str(frame.index[0]))

    @unittest.skipIf(pandas is not None, "pandas is installed")
    def test_without_pandas_it_says_what_to_install(self) -> None:
        with self.assertRaisesRegex(ImportError, "pip install pandas"):
            to_dataframe([])
