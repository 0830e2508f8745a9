"""Everything a client decides, without a socket or a clock of its own: `Engine` says what to do next, and a driver does it.

The sync and the async client are two drivers of the same engine, so that both keep the same promises.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from ._http import Address, Answer, Garbled, SseEvent, SseReader, write_request
from ._protocol import apply_delta, read_candle, read_history, read_json, read_status, text, whole
from .model import Candle, Disconnected, Event, Hello, History, Refused, Reset, Unavailable, WrongServer, split_series

VERSION = "0.1.0"

# How far a poll reaches back behind the id, in µs, as a resume does: events of different series may come a moment out of order.
_OVERLAP = 10_000_000
# Candles whose revs are remembered per series, to filter what a resume repeats.
_REMEMBERED = 6_000
_ANSWER_LIMIT = 10.0
_FIRST_WORD_LIMIT = 15.0
_CONNECT_LIMIT = 10.0
_FINAL = (400, 401, 403, 404, 406)


@dataclass(frozen=True)
class Options:
    """How a client behaves. Times are seconds."""

    api_key: str | None = None
    """Sent as X-API-Key."""
    snapshot: int = 1
    """Candles of each series to start with, 0 to 1000."""
    max_rate: float | None = None
    """Forming updates a second and series at most; 0: closed candles only; None: as they come."""
    delta: bool = False
    """Ask for the changed fields only; the client puts whole candles together again."""
    gzip: bool = True
    """Take a compressed stream."""
    backoff: Sequence[float] = (1, 2, 4, 8, 16)
    """Waits before the first, second, … attempt to come back; the last one repeats. Each is shortened by up to half at random."""
    stable_after: float = 10
    """How long a stream must last before the backoff begins anew."""
    silence_limit: float | None = None
    """How long a stream may be silent; None: two heartbeats as the server announces them, and 5 s."""
    poll_after_failures: int = 3
    """Failures in a row from which on GET /candles is asked as well before each attempt."""


# What a driver is told to do.
@dataclass(frozen=True)
class Send:
    """Let go of the connection, open a new one and send this."""

    request: bytes
    limit: float


@dataclass(frozen=True)
class Receive:
    """Answer with the next bytes, b'' at the end; OSError where it fails, TimeoutError where nothing comes within the limit."""

    limit: float


@dataclass(frozen=True)
class Wait:
    """Let go of the connection, and do nothing for so long."""

    seconds: float


@dataclass(frozen=True)
class Hand:
    """Give this to the caller, and go on when he comes back."""

    event: Event


Step = Send | Receive | Wait | Hand
T = TypeVar("T")
Steps = Generator[Step, bytes, T]


class Script(Generic[T]):
    """An engine's steps as a driver takes them: each with what became of the one before."""

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self._is_new = True
        self.result: T | None = None

    def advance(self, answer: bytes = b"", failure: OSError | None = None) -> Step | None:
        """The next step, or None at the end."""
        try:
            if failure is not None:
                return self._steps.throw(failure)
            if not self._is_new:
                return self._steps.send(answer)
            self._is_new = False
            return next(self._steps)
        except StopIteration as end:
            self.result = end.value
            return None

    def close(self) -> None:
        self._steps.close()


class _Failure(Exception):
    """A connection or a request that came to nothing, in words."""

    def __init__(self, reason: str, retry_after: float = 0, status: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.status = reason, retry_after, status


class _Stranger(_Failure):
    """Somebody answered who does not speak the protocol."""


class Engine:
    """What one client knows: its server and its options. Each `follow` has a memory of its own."""

    def __init__(
        self, url: str, options: Options, clock: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        self.url = url
        self.address = Address.parse(url)
        self.options = options
        self.clock, self.chance = clock, chance
        if not options.backoff:
            raise ValueError("backoff must name one wait at least")

    def follow(self, series: Sequence[str], since: int | None, known: Iterable[Candle]) -> Steps[None]:
        return _Following(self, series, since, known).run()

    def history(self, series: str, **query: int | str | None) -> Steps[History]:
        symbol, timeframe = split_series(series)
        given = {name: value for name, value in query.items() if value is not None}
        body = yield from self.ask("/candles?" + urlencode({"symbol": symbol, "timeframe": timeframe, **given}))
        return read_history(series, read_json(body))

    def once(self, steps: Steps[T]) -> Steps[T]:
        """A single request of the caller: what fails is told in one exception."""
        try:
            return (yield from steps)
        except _Stranger as stranger:
            raise WrongServer(self._at(stranger.reason)) from None
        except (_Failure, Garbled, OSError) as failure:
            raise Unavailable(self._at(_words(failure))) from None

    def ask(self, path: str) -> Steps[bytes]:
        """The JSON that a route answers."""
        yield Send(write_request(self.address, path, {**self._headers("application/json"), "Connection": "close"}), _CONNECT_LIMIT)
        answer, body = yield from self._receive_head()
        yield from self._check(answer, body, "application/json")
        return (yield from _rest(answer, body))

    def open_stream(self, path: str) -> Steps[tuple[Answer, bytes]]:
        """The head of a stream and what came of its body; the driver holds the connection."""
        yield Send(write_request(self.address, path, self._headers("text/event-stream")), _CONNECT_LIMIT)
        answer, body = yield from self._receive_head()
        yield from self._check(answer, body, "text/event-stream")
        return answer, body

    def backoff(self, failures: int) -> float:
        steps = self.options.backoff
        return steps[min(max(failures, 1), len(steps)) - 1] * (0.5 + self.chance() / 2)

    def _at(self, reason: str) -> str:
        return f"{self.url}: {reason}"

    def _headers(self, accept: str) -> dict[str, str]:
        headers = {"Accept": accept, "User-Agent": f"candlestream-python/{VERSION}"}
        headers["Accept-Encoding"] = "gzip" if self.options.gzip else "identity"
        if self.options.api_key is not None:
            headers["X-API-Key"] = self.options.api_key
        return headers

    def _receive_head(self) -> Steps[tuple[Answer, bytes]]:
        answer, body = Answer(), b""
        while not answer.has_head:
            data = yield Receive(_FIRST_WORD_LIMIT)
            if not data:
                raise _Failure("the server hung up without an answer")
            body += answer.feed(data)
        return answer, body

    def _check(self, answer: Answer, body: bytes, wanted: str) -> Steps[None]:
        """Nothing when the answer is the wanted one; else an exception that says what it was and what to do."""
        status, kind = answer.status, answer.content_type
        if status == 200 and kind == wanted:
            return
        if status == 200:
            raise _Stranger(f"answered with {kind} instead of {wanted}. Is this a CandleStream server's root address?")
        if 300 <= status < 400:
            where = answer.headers.get("location", "elsewhere")
            raise _Stranger(f"redirects to {where}. Redirects are not followed, as the key would go along: use that address")
        wait = _retry_after(answer)
        detail, matches = "", tuple[str, ...]()
        if kind == "application/problem+json":
            try:
                problem = read_json((yield from _rest(answer, body)))
                detail = text(problem, "detail")
                matches = tuple(m for m in problem.get("matches", ()) if isinstance(m, str))
            except (Garbled, TypeError):
                pass
        if detail and status in _FINAL:
            raise Refused(status, detail, matches)
        if detail:
            raise _Failure(f"refused with status {status}: {detail}", wait, status)
        # Without a problem it is somebody else who speaks. A server in trouble may be back; one that knows no such route will not.
        if status in (404, 405, 501):
            raise _Stranger(f"answered with status {status}: there is no such route. Is this a CandleStream server's root address?")
        raise _Failure(f"refused with status {status}", wait, status)


class _Following:
    """One caller's series: what he was handed, where to resume, and how often it failed."""

    def __init__(self, engine: Engine, series: Sequence[str], since: int | None, known: Iterable[Candle]) -> None:
        self._engine, self._options = engine, engine.options
        self._series = tuple(dict.fromkeys(series))
        if not self._series:
            raise ValueError("name one series at least, such as BTCUSD:1m")
        for name in self._series:
            split_series(name)
        self._last_id = since
        self._revs: dict[str, dict[int, int]] = {}
        for candle in known:
            self._accept(candle)
        self._failures = 0
        self._was_served = False

    def run(self) -> Steps[None]:
        while True:
            stream = _Stream(self)
            wait, reason = 0.0, ""
            try:
                reason = yield from stream.read()
            except _Stranger as stranger:
                # After a good answer it is an accident on the way, before one it is the address.
                if not self._was_served:
                    raise WrongServer(self._engine._at(stranger.reason)) from None
                reason = stranger.reason
            except _Failure as failure:
                reason, wait = failure.reason, failure.retry_after
            except (Garbled, OSError) as failure:
                reason = _words(failure)
            if stream.lasted >= self._options.stable_after:
                self._failures = 0
            if stream.bye_after is not None:
                wait = stream.bye_after
            else:
                self._failures += 1
                wait = max(wait, self._engine.backoff(self._failures))
            yield Hand(Disconnected(reason, wait))
            if self._failures >= self._options.poll_after_failures:
                yield from self._poll()
            yield Wait(wait)

    def path(self) -> str:
        query: list[tuple[str, str]] = [("series", name) for name in self._series]
        # A resume sends no snapshot unless it is asked for in so many words.
        query.append(("snapshot", str(self._options.snapshot)) if self._last_id is None else ("last_event_id", str(self._last_id)))
        if self._options.max_rate is not None:
            query.append(("max_rate", format(self._options.max_rate, "g")))
        if self._options.delta:
            query.append(("delta", "1"))
        return "/candles/stream?" + urlencode(query, quote_via=quote)

    def served(self) -> None:
        self._was_served = True

    def reached(self, event_id: str | None) -> None:
        """Everything up to this id was handed on."""
        if event_id is not None and event_id.isascii() and event_id.isdigit():
            self._last_id = int(event_id)

    def offer(self, candle: Candle) -> Steps[None]:
        if self._accept(candle):
            yield Hand(candle)

    def forget(self, series: str) -> Steps[None]:
        self._revs.pop(series, None)
        yield Hand(Reset(series))

    def _accept(self, candle: Candle) -> bool:
        revs = self._revs.setdefault(candle.series, {})
        if candle.rev <= revs.get(candle.time, -1):
            return False
        revs[candle.time] = candle.rev
        if len(revs) > 2 * _REMEMBERED:
            for old in sorted(revs)[:-_REMEMBERED]:
                del revs[old]
        return True

    def _poll(self) -> Steps[None]:
        """What changed, while the stream cannot be had. The id moves on only when every series answered, and to the oldest answer."""
        asofs: list[int] = []
        for series in self._series:
            since = None if self._last_id is None else max(0, self._last_id - _OVERLAP)
            limit = None if since is not None else max(1, self._options.snapshot)
            try:
                page = yield from self._engine.history(series, since=since, limit=limit)
            except Garbled:
                continue
            except _Failure as failure:
                if failure.status in (0, 401, 429):
                    return
                continue
            except OSError:
                return
            if page.reset:
                yield from self.forget(series)
            for candle in page.candles:
                yield from self.offer(candle)
            asofs.append(page.asof)
        if len(asofs) == len(self._series):
            self._last_id = min(asofs)


class _Stream:
    """One connection, one life."""

    def __init__(self, following: _Following) -> None:
        self._following, self._engine = following, following._engine
        self._options = self._engine.options
        self._limit = self._options.silence_limit or 35.0
        # The candles of each series as this connection brought them last: what a delta builds on.
        self._forming: dict[str, Candle] = {}
        # Snapshots before `synced` wait for it: only then the server says which series must be forgotten first. None once synced.
        self._joining: list[tuple[str, list[Candle]]] | None = []
        self._has_hello = False
        self._began: float | None = None
        self._heard = 0.0
        self.bye_after: float | None = None

    @property
    def lasted(self) -> float:
        """Seconds from the first event to the last."""
        return 0.0 if self._began is None else self._heard - self._began

    def read(self) -> Steps[str]:
        """Reads until the stream ends; the result says why it did."""
        answer, body = yield from self._engine.open_stream(self._following.path())
        events = SseReader()
        while True:
            for event in events.feed(body):
                self._heard = self._engine.clock()
                self._began = self._heard if self._began is None else self._began
                yield from self._take(event)
                if self.bye_after is not None:
                    return "the server said goodbye"
                self._following.reached(event.id)
            if answer.is_over:
                return "the server ended the stream"
            try:
                data = yield Receive(self._limit)
            except TimeoutError:
                return f"silent for {self._limit:g} s"
            body = answer.feed(data)

    def _take(self, event: SseEvent) -> Steps[None]:
        if not self._has_hello and event.name != "hello":
            raise _Stranger("the stream does not begin with hello: an older server, or another program")
        if event.name == "hello":
            yield from self._greet(event)
        elif event.name == "message":
            value = read_json(event.data)
            candle = read_candle(f"{text(value, 'symbol')}:{text(value, 'timeframe')}", value)
            self._forming[candle.series] = candle
            yield from self._following.offer(candle)
        elif event.name == "delta":
            value = read_json(event.data)
            series = text(value, "series")
            self._forming[series] = candle = apply_delta(self._forming.get(series), value)
            yield from self._following.offer(candle)
        elif event.name == "snapshot":
            value = read_json(event.data)
            series = text(value, "series")
            yield from self._snapshot(series, [read_candle(series, item) for item in value.get("candles") or ()])
        elif event.name == "synced":
            yield from self._sync(read_json(event.data))
        elif event.name == "status":
            yield Hand(read_status(read_json(event.data)))
        elif event.name == "bye":
            self.bye_after = _within(whole(read_json(event.data), "retry_ms") / 1000)

    def _greet(self, event: SseEvent) -> Steps[None]:
        value = read_json(event.data)
        heartbeat = min(max(whole(value, "heartbeat_ms") / 1000, 0.1), 600)
        self._limit = self._options.silence_limit or 2 * heartbeat + 5
        self._has_hello = True
        self._following.served()
        yield Hand(Hello(value.get("simulated") is True))

    def _snapshot(self, series: str, candles: list[Candle]) -> Steps[None]:
        if self._joining is not None:
            self._joining.append((series, candles))
            return
        for candle in candles:
            yield from self._following.offer(candle)

    def _sync(self, value: dict[str, object]) -> Steps[None]:
        modes = value.get("series")
        for series, mode in modes.items() if isinstance(modes, dict) else ():
            if mode == "reset":
                yield from self._following.forget(series)
        joined, self._joining = self._joining or [], None
        for series, candles in joined:
            yield from self._snapshot(series, candles)


def _rest(answer: Answer, body: bytes) -> Steps[bytes]:
    while not answer.is_over:
        body += answer.feed((yield Receive(_ANSWER_LIMIT)))
    return body


def _retry_after(answer: Answer) -> float:
    seconds = answer.headers.get("retry-after", "")
    return _within(int(seconds)) if seconds.isdigit() else 0.0


def _within(seconds: float) -> float:
    """What a server asks for is followed within reason: neither a busy loop nor a sleep for ever."""
    return min(max(seconds, 0.5), 60.0)


def _words(failure: Exception) -> str:
    if isinstance(failure, TimeoutError):
        return "no answer in time"
    if isinstance(failure, OSError) and failure.strerror:
        return f"cannot be reached: {failure.strerror}"
    return str(failure) or type(failure).__name__
