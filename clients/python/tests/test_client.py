"""What the client makes of what a server says, in both modes."""

from __future__ import annotations

import json
import logging
import threading
import unittest
from decimal import Decimal
from typing import Any

from candlestream import Candle, Client, Disconnected, Hello, Refused, Reset, Status, Unavailable, WrongServer

from .scripted import AsyncMode, Request, ScriptedServer, SyncMode, candle, sse, start, streamed


def candles(events: list[Any]) -> list[Any]:
    return [e for e in events if isinstance(e, Candle)]


def count(number: int) -> Any:
    return lambda events: len(candles(events)) == number


def ends(number: int) -> Any:
    return lambda events: sum(isinstance(e, Disconnected) for e in events) == number


QUICK: dict[str, Any] = {"backoff": [0.01]}


class ClientTests:
    mode: Any

    def setUp(self) -> None:
        logging.getLogger("candlestream").setLevel(logging.CRITICAL)

    def tearDown(self) -> None:
        logging.getLogger("candlestream").setLevel(logging.NOTSET)

    def run_on(self, *scripts: Any, until: Any, **options: Any) -> tuple[list[Any], list[Request]]:
        with ScriptedServer(*scripts) as server:
            return self.mode.events(server.url, until=until, **{**QUICK, **options}), server.requests

    def test_hands_on_candles_with_every_digit(self) -> None:
        def script(request: Request) -> None:
            request.stream(
                start(),
                sse(
                    "message",
                    json.dumps(streamed(rev=101)).replace("1.5", "3.1e-7").replace('"open": 10', '"open": 0.1234567890123456789012345'),
                    101,
                ),
            )
            request.until_gone()

        events, _ = self.run_on(script, until=count(1))
        found = candles(events)[0]
        self.assertEqual(Decimal("0.1234567890123456789012345"), found.open)
        self.assertEqual(Decimal("0.00000031"), found.volume)
        self.assertEqual(
            ("BTCUSD:1m", "BTCUSD", "1m", 1541980740000, True, 101),
            (found.series, found.symbol, found.timeframe, found.time, found.closed, found.rev),
        )
        self.assertEqual("2018-11-11T23:59:00+00:00", found.open_time.isoformat())
        self.assertEqual(Hello(simulated=False), events[0])

    def test_keeps_fields_that_some_exchanges_add(self) -> None:
        events, _ = self.run_on(
            lambda r: (r.stream(start(), sse("message", {**streamed(rev=101), "trades": 7}, 101)), r.until_gone()), until=count(1)
        )
        self.assertEqual({"trades": 7}, dict(candles(events)[0].extra))

    def test_resumes_after_the_last_id_and_hands_nothing_on_twice(self) -> None:
        def first(request: Request) -> None:
            request.stream(start(), sse("message", streamed(rev=101, closed=False), 101), sse("message", streamed(rev=102), 102))

        def second(request: Request) -> None:
            request.stream(
                sse("hello", {"server_time": 1, "heartbeat_ms": 15000}),
                sse("message", streamed(rev=102)),
                sse("message", streamed(time_=1541980800000, rev=103)),
            )
            request.more(sse("synced", {"asof": 103, "series": {"BTCUSD:1m": "resumed"}}, 103))
            request.until_gone()

        events, requests = self.run_on(first, second, until=count(3))
        self.assertEqual([101, 102, 103], [c.rev for c in candles(events)])
        self.assertIn("snapshot=1", requests[0].path)
        self.assertIn("last_event_id=102", requests[1].path)
        self.assertNotIn("snapshot", requests[1].path)

    def test_a_cut_before_synced_repeats_and_never_skips(self) -> None:
        def first(request: Request) -> None:
            request.stream(start(asof=100), sse("message", streamed(rev=101), 101))

        def cut(request: Request) -> None:
            request.stream(sse("hello", {"server_time": 1, "heartbeat_ms": 15000}), sse("message", streamed(rev=102)))

        def last(request: Request) -> None:
            request.stream(sse("hello", {"server_time": 1, "heartbeat_ms": 15000}), sse("message", streamed(rev=103)))
            request.until_gone()

        _, requests = self.run_on(first, cut, last, until=count(3))
        self.assertIn("last_event_id=101", requests[2].path)

    def test_a_reset_is_told_before_the_new_beginning(self) -> None:
        def first(request: Request) -> None:
            request.stream(start(asof=900), sse("message", streamed(rev=901), 901))

        def second(request: Request) -> None:
            request.stream(start(asof=50, mode="reset", candles=[candle(rev=40), candle(time_=1541980800000, rev=50, closed=False)]))
            request.until_gone()

        events, _ = self.run_on(first, second, until=count(3))
        told = [e for e in events if isinstance(e, (Candle, Reset))]
        self.assertEqual(Reset("BTCUSD:1m"), told[1])
        self.assertEqual([901, 40, 50], [c.rev for c in candles(told)])

    def test_puts_deltas_together(self) -> None:
        def script(request: Request) -> None:
            request.stream(start(), sse("message", streamed(rev=101, closed=False), 101))
            request.more(
                sse("delta", {"series": "BTCUSD:1m", "time": 1541980740000, "rev": 102, "base": 101, "high": 13.25, "close": 13.25}, 102)
            )
            request.until_gone()

        events, requests = self.run_on(script, until=count(2), delta=True)
        last = candles(events)[-1]
        self.assertEqual(
            (Decimal(10), Decimal("13.25"), Decimal("13.25"), False, 102), (last.open, last.high, last.close, last.closed, last.rev)
        )
        self.assertIn("delta=1", requests[0].path)

    def test_a_delta_without_its_base_ends_the_connection(self) -> None:
        def script(request: Request) -> None:
            request.stream(start(), sse("message", streamed(rev=101, closed=False), 101))
            request.more(sse("delta", {"series": "BTCUSD:1m", "time": 1541980740000, "rev": 103, "base": 102, "close": 5}, 103))
            request.until_gone()

        events, requests = self.run_on(script, lambda r: r.until_gone(), until=ends(1))
        self.assertIn("delta without", events[-1].reason)
        self.assertEqual(1, len(candles(events)))

    def test_unpacks_gzip_as_it_comes(self) -> None:
        seen = threading.Event()

        def script(request: Request) -> None:
            request.stream(start(), sse("message", streamed(rev=101), 101), packed=True)
            # The next event leaves only when this one has arrived.
            seen.wait(20)
            request.more(sse("message", streamed(time_=1541980800000, rev=102), 102))
            request.until_gone()

        def until(events: list[Any]) -> bool:
            if len(candles(events)) == 1:
                seen.set()
            return len(candles(events)) == 2

        events, requests = self.run_on(script, until=until)
        self.assertEqual([101, 102], [c.rev for c in candles(events)])
        self.assertEqual("gzip", requests[0].headers["accept-encoding"])

    def test_damaged_gzip_ends_the_connection(self) -> None:
        def script(request: Request) -> None:
            request.send(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n" + b"no gzip at all, but long enough"
            )

        events, _ = self.run_on(script, until=ends(1))
        self.assertIn("gzip", events[-1].reason)

    def test_tells_states_and_gaps(self) -> None:
        state = {"series": "BTCUSD:1m", "state": "reconnecting", "connected": False, "reason": "closed", "gaps": [[10, 20], [30, 40]]}
        events, _ = self.run_on(
            lambda r: (r.stream(start(), sse("status", state)), r.until_gone()), until=lambda e: isinstance(e[-1], Status)
        )
        self.assertEqual(Status("BTCUSD:1m", "reconnecting", False, ((10, 20), (30, 40)), "closed"), events[-1])

    def test_a_goodbye_is_no_failure_and_names_the_time(self) -> None:
        events, _ = self.run_on(
            lambda r: r.stream(start(), sse("bye", {"reason": "shutdown", "retry_ms": 700})), until=ends(1), backoff=[9]
        )
        self.assertEqual(0.7, events[-1].retry_in)

    def test_silence_ends_the_connection(self) -> None:
        events, _ = self.run_on(lambda r: (r.stream(start()), r.until_gone()), until=ends(1), silence_limit=0.2)
        self.assertEqual("silent for 0.2 s", events[-1].reason)

    def test_a_cut_answer_is_told(self) -> None:
        def script(request: Request) -> None:
            request.stream(start())
            request.send(b"ff\r\nid: 1")

        events, _ = self.run_on(script, until=ends(1))
        self.assertIn("middle of an answer", events[-1].reason)

    def test_garbled_events_end_the_connection(self) -> None:
        for name, data in (
            ("message", "{"),
            ("message", "[1]"),
            ("message", '{"symbol":"BTCUSD","timeframe":"1m","time":1}'),
            ("delta", "7"),
            ("snapshot", '{"series":5}'),
        ):
            with self.subTest(name=name, data=data):
                events, _ = self.run_on(lambda r, n=name, d=data: (r.stream(start(), sse(n, d)), r.until_gone()), until=ends(1))
                self.assertEqual([], candles(events))

    def test_unknown_events_are_ignored(self) -> None:
        events, _ = self.run_on(
            lambda r: (r.stream(start(), sse("weather", "not json"), sse("message", streamed(rev=101), 101)), r.until_gone()),
            until=count(1),
        )
        self.assertEqual(101, candles(events)[0].rev)

    def test_polls_while_the_stream_cannot_be_had_and_goes_on_from_there(self) -> None:
        polls: list[str] = []

        def serve(request: Request) -> None:
            if "/candles/stream" not in request.path:
                polls.append(request.path)
                request.json({"candles": [candle(rev=20_000_200)], "asof": 20_000_250})
            elif not polls and len(self.streams) == 0:
                self.streams.append(request.path)
                request.stream(start(asof=20_000_100))
            elif not polls:
                request.answer(503, "text/html", "<p>busy")
            else:
                self.streams.append(request.path)
                request.stream(
                    start(asof=20_000_250, mode="resumed"), sse("message", streamed(time_=1541980800000, rev=20_000_300), 20_000_300)
                )
                request.until_gone()

        self.streams: list[str] = []
        events, _ = self.run_on(serve, until=count(2))
        self.assertIn("since=10000100", polls[0])
        self.assertEqual([20_000_200, 20_000_300], [c.rev for c in candles(events)])
        self.assertIn("last_event_id=20000250", self.streams[-1])

    def test_a_poll_may_reset(self) -> None:
        def serve(request: Request) -> None:
            if "/candles/stream" in request.path:
                request.answer(503, "text/html")
            else:
                request.json({"candles": [candle(rev=7)], "asof": 8, "reset": True})

        events, _ = self.run_on(serve, until=count(1))
        self.assertIsInstance(events[-2], Reset)

    def test_begins_where_history_ended(self) -> None:
        def serve(request: Request) -> None:
            if "/candles/stream" in request.path:
                request.stream(
                    sse("hello", {"server_time": 1, "heartbeat_ms": 15000}),
                    sse("message", streamed(rev=90)),
                    sse("message", streamed(rev=120)),
                )
                request.until_gone()
            else:
                request.json({"candles": [candle(rev=90)], "asof": 110, "gaps": [[1, 2]], "next": None})

        events, requests = self.run_on(serve, until=count(2), follow={"history": 5})
        self.assertEqual([90, 120], [c.rev for c in candles(events)])
        self.assertIn("limit=5", requests[0].path)
        self.assertIn("last_event_id=110", requests[1].path)
        with ScriptedServer(serve) as server:
            page = self.mode.history(server.url)
            self.assertEqual((110, ((1, 2),), 1), (page.asof, page.gaps, len(page)))
            events = self.mode.events(server.url, until=count(1), follow={"history": page}, **QUICK)
            self.assertEqual([120], [c.rev for c in candles(events)])

    def test_reads_history_page_by_page(self) -> None:
        def serve(request: Request) -> None:
            begin = int(request.path.split("start=")[1].split("&")[0])
            request.json({"candles": [candle(time_=begin)], "asof": 1, "next": begin + 60_000 if begin < 180_000 else None})

        with ScriptedServer(serve) as server:
            self.assertEqual([60_000, 120_000, 180_000], [c.time for c in self.mode.all_history(server.url, "BTCUSD:1m", 60_000)])

    # What a user may get wrong: told in words, never tried for ever in silence.

    def refused(self, answer: Any, kind: Any) -> Exception:
        with ScriptedServer(answer) as server:
            for ask in (lambda: self.mode.events(server.url, until=lambda _: False, **QUICK), lambda: self.mode.history(server.url)):
                with self.assertRaises(kind) as caught:
                    ask()
            return caught.exception

    def problem(self, status: int, **body: Any) -> Any:
        return lambda r: r.json({"title": "X", "status": status, **body}, status)

    def test_an_unknown_symbol_ends_with_the_servers_words(self) -> None:
        failure = self.refused(self.problem(404, detail="There is no symbol BTCUSX.", matches=["BTCUSD"]), Refused)
        self.assertEqual("There is no symbol BTCUSX. Did you mean BTCUSD? (status 404)", str(failure))

    def test_a_refused_key_ends_and_says_how_to_give_one(self) -> None:
        failure = self.refused(self.problem(401, detail="A key is needed."), Refused)
        self.assertIn("api_key=", str(failure))
        self.assertEqual(401, failure.status)  # type: ignore[attr-defined]

    def test_a_key_goes_along(self) -> None:
        _, requests = self.run_on(
            lambda r: (r.stream(start(), sse("message", streamed(rev=101), 101)), r.until_gone()), until=count(1), api_key="s3cret"
        )
        self.assertEqual("s3cret", requests[0].headers["x-api-key"])

    def test_a_page_of_html_is_no_server(self) -> None:
        self.assertIn("text/html", str(self.refused(lambda r: r.answer(200, "text/html", "<h1>Welcome"), WrongServer)))

    def test_a_server_without_the_route_is_no_server(self) -> None:
        self.assertIn("no such route", str(self.refused(lambda r: r.answer(404, "text/html", "<h1>Not found"), WrongServer)))

    def test_a_redirect_is_not_followed_and_told(self) -> None:
        self.assertIn(
            "https://elsewhere/", str(self.refused(lambda r: r.answer(301, "text/html", Location="https://elsewhere/"), WrongServer))
        )

    def test_an_older_server_is_told(self) -> None:
        with ScriptedServer(lambda r: r.stream(sse("message", streamed()))) as server, self.assertRaises(WrongServer) as caught:
            self.mode.events(server.url, until=lambda _: False, **QUICK)
        self.assertIn("older server", str(caught.exception))

    def test_html_after_a_good_answer_is_an_accident(self) -> None:
        events, _ = self.run_on(
            lambda r: r.stream(start()),
            lambda r: r.answer(200, "text/html", "<h1>Sorry"),
            lambda r: (r.stream(start(), sse("message", streamed(rev=101), 101)), r.until_gone()),
            until=count(1),
        )
        self.assertIn("text/html", [e.reason for e in events if isinstance(e, Disconnected)][1])

    def test_what_is_no_http_is_told(self) -> None:
        events, _ = self.run_on(lambda r: r.send(b"\x15\x03\x03\x00\x02\x02\x46"), until=ends(1))
        self.assertEqual("the answer is not HTTP", events[-1].reason)

    def test_a_server_that_is_away_is_told_and_tried_again(self) -> None:
        with ScriptedServer(lambda r: None) as server:
            url = server.url
        logging.getLogger("candlestream").setLevel(logging.WARNING)
        with self.assertLogs("candlestream", "WARNING") as logged:
            events = self.mode.events(url, until=ends(2), **QUICK)
        self.assertIn("cannot be reached", events[0].reason)
        self.assertEqual(2, len(logged.output))
        with self.assertRaises(Unavailable):
            self.mode.history(url)

    def test_a_busy_server_is_left_alone_as_long_as_it_asks(self) -> None:
        events, _ = self.run_on(
            lambda r: r.answer(503, "application/problem+json", json.dumps({"detail": "Full."}), Retry_After="7"), until=ends(1)
        )
        self.assertEqual(("refused with status 503: Full.", 7), (events[-1].reason, events[-1].retry_in))


class SyncClientTests(ClientTests, unittest.TestCase):
    mode = SyncMode()

    def test_close_ends_a_loop_from_another_thread(self) -> None:
        with ScriptedServer(lambda r: (r.stream(start()), r.until_gone())) as server:
            client = Client(server.url)
            for event in client.events("BTCUSD:1m"):
                # The next event never comes.
                threading.Thread(target=client.close).start()
            self.assertIsInstance(event, Hello)


class AsyncClientTests(ClientTests, unittest.TestCase):
    mode = AsyncMode()

    def test_leaving_the_loop_lets_go_of_the_connection(self) -> None:
        gone = threading.Event()

        def script(request: Request) -> None:
            request.stream(start(), sse("message", streamed(rev=101), 101))
            request.until_gone()
            gone.set()

        with ScriptedServer(script) as server:
            self.mode.events(server.url, until=count(1))
            self.assertTrue(gone.wait(20))
