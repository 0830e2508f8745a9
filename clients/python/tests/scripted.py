"""A server that does what a test says, byte by byte, and the real one with a simulated exchange behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from candlestream import AsyncClient, Client, Event

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 30.0
HELLO = {"server_time": 1541980812345, "heartbeat_ms": 15000, "series": ["BTCUSD:1m"], "simulated": False}


def candle(time_: int = 1541980740000, rev: int = 1, closed: bool = True, **changes: Any) -> dict[str, Any]:
    values = {"time": time_, "open": 10, "high": 12, "low": 9, "close": 11, "volume": 1.5, "closed": closed, "rev": rev}
    return {**values, **changes}


def streamed(**changes: Any) -> dict[str, Any]:
    return {"symbol": "BTCUSD", "timeframe": "1m", **candle(**changes)}


def sse(name: str, data: Any, id_: int | None = None) -> bytes:
    body = data if isinstance(data, str) else json.dumps(data)
    head = "" if name == "message" else f"event: {name}\n"
    return (head + ("" if id_ is None else f"id: {id_}\n") + f"data: {body}\n\n").encode()


def start(asof: int = 100, mode: str = "fresh", candles: list[dict[str, Any]] | None = None) -> bytes:
    """The part before the live events."""
    shots = sse("snapshot", {"series": "BTCUSD:1m", "candles": candles}) if candles is not None else b""
    return sse("hello", HELLO) + shots + sse("synced", {"asof": asof, "series": {"BTCUSD:1m": mode}}, asof)


class Request:
    """One request and the connection it came on."""

    def __init__(self, connection: socket.socket, head: str) -> None:
        self._connection = connection
        self.path = head.split(" ")[1]
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
        self._gzip: Any = None

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(self, status: int, content_type: str, body: bytes | str = b"", **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    def json(self, value: Any, status: int = 200) -> None:
        self.answer(status, "application/json" if status == 200 else "application/problem+json", json.dumps(value))

    def stream(self, *parts: bytes, packed: bool = False) -> None:
        coding = "Content-Encoding: gzip\r\n" if packed else ""
        self.send(f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{coding}Transfer-Encoding: chunked\r\n\r\n".encode())
        if packed:
            self._gzip = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        for part in parts:
            self.more(part)

    def more(self, part: bytes) -> None:
        if self._gzip is not None:
            part = self._gzip.compress(part) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        self.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")

    def end(self) -> None:
        self.send(b"0\r\n\r\n")

    def until_gone(self) -> None:
        """Waits until the client has left."""
        with contextlib.suppress(OSError):
            while self._connection.recv(1024):
                pass


Script = Callable[[Request], None]


class ScriptedServer:
    """Each connection is served by the next script; the last one serves the rest."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.requests: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone would leave it open for as long as `accept` waits.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(4096)
                if not part:
                    return
                head += part
            request = Request(connection, head.split(b"\r\n\r\n")[0].decode())
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            self.requests.append(request)
            script(request)


class SyncMode:
    """Runs a client that blocks."""

    name = "sync"

    def events(
        self,
        url: str,
        series: Any = "BTCUSD:1m",
        *,
        until: Callable[[list[Event]], bool],
        follow: dict[str, Any] | None = None,
        **options: Any,
    ) -> list[Event]:
        client, found = Client(url, **options), []
        # A test that would wait for ever ends with what it has.
        limit = threading.Timer(LIMIT, client.close)
        limit.start()
        try:
            for event in client.events(series, **(follow or {})):
                found.append(event)
                if until(found):
                    break
        finally:
            limit.cancel()
        return found

    def history(self, url: str, series: str = "BTCUSD:1m", *, options: dict[str, Any] | None = None, **query: Any) -> Any:
        return Client(url, **(options or {})).history(series, **query)

    def all_history(self, url: str, series: str, begin: int) -> list[Any]:
        return list(Client(url).all_history(series, begin))


class AsyncMode:
    """Runs a client of asyncio."""

    name = "async"

    def events(
        self,
        url: str,
        series: Any = "BTCUSD:1m",
        *,
        until: Callable[[list[Event]], bool],
        follow: dict[str, Any] | None = None,
        **options: Any,
    ) -> list[Event]:
        found: list[Event] = []

        async def run() -> None:
            events = AsyncClient(url, **options).events(series, **(follow or {}))
            try:
                async for event in events:
                    found.append(event)
                    if until(found):
                        break
            finally:
                await events.aclose()  # type: ignore[attr-defined]

        with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
            asyncio.run(asyncio.wait_for(run(), LIMIT))
        return found

    def history(self, url: str, series: str = "BTCUSD:1m", *, options: dict[str, Any] | None = None, **query: Any) -> Any:
        return asyncio.run(AsyncClient(url, **(options or {})).history(series, **query))

    def all_history(self, url: str, series: str, begin: int) -> list[Any]:
        async def run() -> list[Any]:
            return [item async for item in AsyncClient(url).all_history(series, begin)]

        return asyncio.run(run())


class RealServer:
    """The server program and the simulated exchange, two processes, as a user runs them. Trades pass 500 times as fast as the clock."""

    SPEED = 500
    BEGIN = 1646370367000

    def __init__(self, seconds: float, pairs: tuple[str, ...] = ("BTCUSD", "ETHUSD"), seed: int = 1) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="candlestream-python-"))
        self.store = self._folder / "candles.db"
        self._log = (self._folder / "output.log").open("wb")
        self.pairs = pairs
        self.end = self.BEGIN + int(seconds * 1000 * self.SPEED)
        self._server: subprocess.Popen[bytes] | None = None
        chance = random.Random(seed)
        trades = [f"{pair}={self._write_trades(pair, chance)}" for pair in pairs]
        arguments = [
            "--port",
            "0",
            "--market",
            "trades",
            "--speed",
            str(self.SPEED),
            "--heartbeat",
            "1",
            "--connect-limit",
            "0",
            "--rest-limit",
            "0",
        ]
        self._exchange = self._run(
            "CandleStream.Simulator", *arguments, *(part for trade in trades for part in ("--trades", trade)), piped=True
        )
        line = self._exchange.stdout.readline().decode() if self._exchange.stdout else ""
        self.exchange_url = line.split()[-1]
        self.url = f"http://127.0.0.1:{_free_port()}"

    def start(self) -> None:
        self.launch()
        # Before it has the exchange's list, a server refuses no symbol.
        self._until(self._has_symbols, "the server has its list of symbols")

    def launch(self) -> None:
        settings = {
            "Urls": self.url,
            "Bitfinex:WebSocketUrl": self.exchange_url.replace("http", "ws") + "/ws/2",
            "Bitfinex:RestUrl": self.exchange_url + "/v2",
            "Bitfinex:RestCallsPerMinute": "30",
            "Storage:SqlitePath": str(self.store),
            "Record": ",".join(f"{pair}:1m" for pair in self.pairs),
        }
        self._server = self._run("CandleStream.Server", *(f"--{name}={value}" for name, value in settings.items()))

    def until_up(self) -> None:
        self._until(lambda: urllib.request.urlopen(self.url + "/health/live", timeout=5).status == 200, "the server starts")

    def kill(self) -> None:
        """As the operating system would in an accident."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()

    def stop(self) -> None:
        for process in (self._server, self._exchange):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if self._exchange.stdout:
            self._exchange.stdout.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def fault(self, **fault: Any) -> None:
        request = urllib.request.Request(
            self.exchange_url + "/control/faults", json.dumps(fault).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def ledger(self, pair: str) -> dict[int, tuple[Any, ...]]:
        """The true candles, by time."""
        with urllib.request.urlopen(f"{self.exchange_url}/control/ledger?key=trade:1m:t{pair}&start=0", timeout=10) as answer:
            value = json.loads(answer.read(), parse_float=Decimal)
        return {row["time"]: tuple(Decimal(row[name]) for name in ("open", "high", "low", "close", "volume")) for row in value["candles"]}

    def until_over(self) -> None:
        self._until(self.is_over, "the market ends")

    def _has_symbols(self) -> bool:
        with urllib.request.urlopen(self.url + "/symbols", timeout=5) as answer:
            return "BTCUSD" in answer.read().decode()

    def is_over(self) -> bool:
        with urllib.request.urlopen(self.exchange_url + "/control/time", timeout=10) as answer:
            return json.loads(answer.read())["market_time"] > self.end + 120_000

    def _until(self, done: Callable[[], bool], what: str) -> None:
        began = time.monotonic()
        while time.monotonic() - began < 60:
            with contextlib.suppress(OSError):
                if done():
                    return
            time.sleep(0.05)
        raise AssertionError(f"not within 60 s: {what}\n" + (self._folder / "output.log").read_text()[-4000:])

    def _write_trades(self, pair: str, chance: random.Random) -> Path:
        path = self._folder / f"{pair}.csv"
        rows, at, price = ["ts_ms,price,amount"], self.BEGIN, 10_000
        while at < self.end:
            rows.append(f"{at},{price / 100:.2f},{chance.randrange(1, 900_000_000) / 100_000_000:.8f}")
            at, price = at + 1 + chance.randrange(20_000), price + chance.randrange(-50, 51)
        rows.append(f"{self.end},100,1")
        path.write_text("\n".join(rows) + "\n")
        return path

    def _run(self, project: str, *arguments: str, piped: bool = False) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        output = subprocess.PIPE if piped else self._log
        return subprocess.Popen(["dotnet", built(project), *arguments], cwd=self._folder, env=environment, stdout=output, stderr=self._log)


def built(project: str) -> str:
    """The newest build of a project."""
    files = [ROOT / "src" / project / "bin" / kind / "net10.0" / f"{project}.dll" for kind in ("Debug", "Release")]
    found = sorted((file for file in files if file.exists()), key=lambda file: file.stat().st_mtime)
    if not found:
        raise AssertionError(f"{project} is not built: dotnet build src/{project}")
    return str(found[-1])


def _free_port() -> int:
    """Below the range that the system gives away by itself, so that nobody takes it between two starts of the server."""
    ports = list(range(20_000, 30_000))
    random.SystemRandom().shuffle(ports)
    for port in ports:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")
