"""The clients: a plain one that blocks, and one for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Any, TypeVar

from ._engine import Engine, Hand, Options, Receive, Script, Send, Steps, Wait
from .model import Candle, Disconnected, Event, History, Unavailable

_log = logging.getLogger("candlestream")
_BYTES = 64 * 1024
T = TypeVar("T")


class _Base:
    def __init__(self, url: str, *, ssl_context: ssl.SSLContext | None = None, **options: Any) -> None:
        self._engine = Engine(url, Options(**options))
        self._tls = (ssl_context or ssl.create_default_context()) if self._engine.address.tls else None


class Client(_Base):
    """Follows series of a CandleStream server: comes back by itself, resumes where it was, asks over REST while the stream is away.

    ``Client("http://127.0.0.1:8000", api_key=None, snapshot=1, max_rate=None, delta=False, gzip=True, …)``: see ``Options``.
    One client may run several ``follow`` loops in several threads; ``close`` ends them all.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._stopping = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._gate = threading.Lock()

    def follow(
        self, series: str | Iterable[str], *, since: int | None = None, history: int | History | Iterable[History] = 0
    ) -> Iterator[Candle]:
        """Candles, each newer by rev than any before it with the same time. Every closed one comes at least once.

        ``history=500`` begins with the newest 500 candles of each series, and ``history=client.history(…)`` where that answer ended;
        ``since`` begins at a rev. In each case nothing is missed in between.

        Raises ``Refused`` and ``WrongServer`` where trying again cannot help; everything else it sits out, and logs as a warning.
        """
        for event in self.events(series, since=since, history=history):
            if isinstance(event, Candle):
                yield event

    def events(
        self, series: str | Iterable[str], *, since: int | None = None, history: int | History | Iterable[History] = 0
    ) -> Iterator[Event]:
        """As `follow`, with everything else that happens: Hello, Status (with gaps), Reset, Disconnected."""
        names = [series] if isinstance(series, str) else list(series)
        if isinstance(history, int):
            pages = [self.history(name, limit=history) for name in names] if history > 0 else []
            yield from (candle for page in pages for candle in page)
        else:
            pages = _pages(names, history)
        yield from self._drive(self._engine.follow(names, _start(since, pages), (c for page in pages for c in page)))

    def history(
        self,
        series: str,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int | None = None,
        since: int | None = None,
        at: int | None = None,
    ) -> History:
        """One answer of GET /candles: bounds are open times in ms, inclusive; 500 candles unless ``limit`` (1 to 10 000) says otherwise.

        Raises ``Refused``, ``WrongServer`` and ``Unavailable``.
        """
        return self._answer(self._engine.once(self._engine.history(series, start=start, end=end, limit=limit, since=since, at=at)))

    def all_history(self, series: str, start: int, end: int | None = None) -> Iterator[Candle]:
        """Every candle from ``start`` on, page by page."""
        following: int | None = start
        while following is not None:
            page = self.history(series, start=following, end=end, limit=10_000)
            yield from page
            following = page.next

    def close(self) -> None:
        """Ends every loop of this client, also from another thread."""
        self._stopping.set()
        with self._gate:
            for open_socket in self._sockets:
                with contextlib.suppress(OSError):
                    open_socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, steps: Steps[T]) -> T:
        script = Script(steps)
        for _ in _Loop(self, script):
            pass
        if script.result is None:
            raise Unavailable("this client was closed")
        return script.result

    def _drive(self, steps: Steps[None]) -> Iterator[Event]:
        yield from _Loop(self, Script(steps))


class _Loop:
    """Does what an engine says, with a socket that blocks."""

    def __init__(self, client: Client, script: Script[Any]) -> None:
        self._client, self._script = client, script
        self._socket: socket.socket | None = None

    def __iter__(self) -> Iterator[Event]:
        answer = b""
        failure: OSError | None = None
        try:
            while not self._client._stopping.is_set():
                step = self._script.advance(answer, failure)
                if step is None:
                    return
                answer, failure = b"", None
                if isinstance(step, Hand):
                    _note(step.event)
                    yield step.event
                    continue
                try:
                    answer = self._do(step)
                except OSError as error:
                    failure = error
        finally:
            self._let_go()
            self._script.close()

    def _do(self, step: Send | Receive | Wait) -> bytes:
        if isinstance(step, Send):
            self._connect(step.limit).sendall(step.request)
        elif isinstance(step, Wait):
            self._let_go()
            self._client._stopping.wait(step.seconds)
        else:
            assert self._socket is not None
            self._socket.settimeout(step.limit)
            return self._socket.recv(_BYTES)
        return b""

    def _connect(self, limit: float) -> socket.socket:
        self._let_go()
        address, tls = self._client._engine.address, self._client._tls
        opened = socket.create_connection((address.host, address.port), limit)
        if tls is not None:
            opened = tls.wrap_socket(opened, server_hostname=address.host)
        self._socket = opened
        with self._client._gate:
            self._client._sockets.add(opened)
        return opened

    def _let_go(self) -> None:
        if self._socket is None:
            return
        with self._client._gate:
            self._client._sockets.discard(self._socket)
        self._socket.close()
        self._socket = None


class AsyncClient(_Base):
    """As `Client`, for asyncio. A loop ends when its task is cancelled or the iterator is closed."""

    async def follow(
        self, series: str | Iterable[str], *, since: int | None = None, history: int | History | Iterable[History] = 0
    ) -> AsyncGenerator[Candle, None]:
        """See `Client.follow`."""
        async with contextlib.aclosing(self.events(series, since=since, history=history)) as events:
            async for event in events:
                if isinstance(event, Candle):
                    yield event

    async def events(
        self, series: str | Iterable[str], *, since: int | None = None, history: int | History | Iterable[History] = 0
    ) -> AsyncGenerator[Event, None]:
        """See `Client.events`."""
        names = [series] if isinstance(series, str) else list(series)
        if isinstance(history, int):
            pages = [await self.history(name, limit=history) for name in names] if history > 0 else []
            for candle in (candle for page in pages for candle in page):
                yield candle
        else:
            pages = _pages(names, history)
        steps = self._engine.follow(names, _start(since, pages), (c for page in pages for c in page))
        async with contextlib.aclosing(_AsyncLoop(self, Script(steps)).run()) as running:
            async for event in running:
                yield event

    async def history(
        self,
        series: str,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int | None = None,
        since: int | None = None,
        at: int | None = None,
    ) -> History:
        """See `Client.history`."""
        script = Script(self._engine.once(self._engine.history(series, start=start, end=end, limit=limit, since=since, at=at)))
        async for _ in _AsyncLoop(self, script).run():
            pass
        assert script.result is not None
        return script.result

    async def all_history(self, series: str, start: int, end: int | None = None) -> AsyncGenerator[Candle, None]:
        """See `Client.all_history`."""
        following: int | None = start
        while following is not None:
            page = await self.history(series, start=following, end=end, limit=10_000)
            for candle in page:
                yield candle
            following = page.next


class _AsyncLoop:
    """Does what an engine says, with asyncio."""

    def __init__(self, client: AsyncClient, script: Script[Any]) -> None:
        self._client, self._script = client, script
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> AsyncGenerator[Event, None]:
        answer = b""
        failure: OSError | None = None
        try:
            while (step := self._script.advance(answer, failure)) is not None:
                answer, failure = b"", None
                if isinstance(step, Hand):
                    _note(step.event)
                    yield step.event
                    continue
                try:
                    answer = await self._do(step)
                except asyncio.TimeoutError:
                    # Until Python 3.10 it is another class than the built-in one.
                    failure = TimeoutError("no answer in time")
                except OSError as error:
                    failure = error
        finally:
            self._let_go()
            self._script.close()

    async def _do(self, step: Send | Receive | Wait) -> bytes:
        if isinstance(step, Send):
            self._let_go()
            address, tls = self._client._engine.address, self._client._tls
            opening = asyncio.open_connection(address.host, address.port, ssl=tls)
            self._reader, writer = await asyncio.wait_for(opening, step.limit)
            self._writer = writer
            writer.write(step.request)
            await writer.drain()
        elif isinstance(step, Wait):
            self._let_go()
            await asyncio.sleep(step.seconds)
        else:
            assert self._reader is not None
            return await asyncio.wait_for(self._reader.read(_BYTES), step.limit)
        return b""

    def _let_go(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def _pages(names: list[str], history: History | Iterable[History]) -> list[History]:
    pages = [history] if isinstance(history, History) else list(history)
    missing = set(names) - {page.series for page in pages}
    if missing:
        raise ValueError(f"history lacks {', '.join(sorted(missing))}: give one answer for each series")
    return pages


def _start(since: int | None, pages: list[History]) -> int | None:
    return min([page.asof for page in pages] + ([] if since is None else [since]), default=None)


def _note(event: Event) -> None:
    if isinstance(event, Disconnected):
        _log.warning("%s; next attempt in %.1f s", event.reason, event.retry_in)
