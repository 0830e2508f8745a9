"""HTTP/1.1 answers and server-sent events out of bytes, however they are cut. No sockets here: both clients use the same."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

_MAX_HEAD = 64 * 1024
_MAX_LINE = 16 * 1024 * 1024


class Garbled(Exception):
    """Bytes that are no answer: the connection is of no more use."""


@dataclass(frozen=True)
class Address:
    """Where the server is."""

    host: str
    port: int
    tls: bool
    path: str
    """What stands before every route, without a slash at the end."""

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @staticmethod
    def parse(url: str) -> Address:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"'{url}' is no server's address: write it such as http://127.0.0.1:8000")
        tls = parts.scheme == "https"
        return Address(parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"))


def write_request(address: Address, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET {address.path}{path} HTTP/1.1", f"Host: {address.authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


class Answer:
    """One answer, fed with what the socket brings."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_over = False
        self._buffer = b""
        self._has_head = False
        self._left = 0
        self._mode = "head"
        self._unzip: zlib._Decompress | None = None

    @property
    def has_head(self) -> bool:
        return self._has_head

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "nothing").split(";")[0].strip().lower()

    def feed(self, data: bytes) -> bytes:
        """Takes bytes in, b'' at the end of the connection; gives what they hold of the body, unpacked."""
        if not data:
            return self._end()
        self._buffer += data
        if not self._has_head and not self._read_head():
            return b""
        return self._unpacked(b"".join(self._body()))

    def _end(self) -> bytes:
        if self._mode != "to-end" and not self.is_over:
            raise Garbled("the connection ended in the middle of an answer")
        self.is_over = True
        return b""

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD or not b"HTTP/".startswith(self._buffer[:5]):
                raise Garbled("the answer is not HTTP")
            return False
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        words = lines[0].split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1") or not words[1].isdigit():
            raise Garbled("the answer is not HTTP")
        self.status = int(words[1])
        self.headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if 100 <= self.status < 200:
            return self._read_head()
        self._has_head = True
        self._choose_mode()
        return True

    def _choose_mode(self) -> None:
        if self.headers.get("content-encoding", "identity").lower() in ("gzip", "x-gzip"):
            self._unzip = _new_unzip()
        length = self.headers.get("content-length", "")
        if self.status in (204, 304):
            self._mode, self.is_over = "over", True
        elif "chunked" in self.headers.get("transfer-encoding", "").lower():
            self._mode = "chunk-size"
        elif length.isdigit():
            self._mode, self._left = "length", int(length)
            self.is_over = self._left == 0
        else:
            self._mode = "to-end"

    def _body(self) -> Iterator[bytes]:
        while self._buffer and not self.is_over:
            if self._mode == "to-end":
                yield self._take(len(self._buffer))
            elif self._mode in ("length", "chunk"):
                part = self._take(min(self._left, len(self._buffer)))
                self._left -= len(part)
                yield part
                if self._left == 0:
                    if self._mode == "length":
                        self.is_over = True
                    else:
                        self._mode = "chunk-end"
            elif not self._read_chunk_line():
                return

    def _read_chunk_line(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise Garbled("a chunk of the answer has no length")
            return False
        line = self._take(end + 2)[:-2]
        if self._mode == "chunk-end":
            self._mode = "chunk-size"
        elif self._mode == "trailer":
            self.is_over = not line
        else:
            try:
                self._left = int(line.split(b";")[0], 16)
            except ValueError:
                raise Garbled("a chunk of the answer has no length") from None
            self._mode = "chunk" if self._left else "trailer"
        return True

    def _take(self, length: int) -> bytes:
        part, self._buffer = self._buffer[:length], self._buffer[length:]
        return part

    def _unpacked(self, packed: bytes) -> bytes:
        if self._unzip is None or not packed:
            return packed
        parts = []
        try:
            while packed:
                parts.append(self._unzip.decompress(packed))
                if not self._unzip.eof:
                    break
                # Another member may follow.
                packed, self._unzip = self._unzip.unused_data, _new_unzip()
        except zlib.error as error:
            raise Garbled(f"the answer's gzip is damaged: {error}") from None
        return b"".join(parts)


@dataclass(frozen=True)
class SseEvent:
    name: str
    data: str
    id: str | None
    """The last id seen, also of earlier events."""


class SseReader:
    """Events out of a stream's bytes."""

    def __init__(self) -> None:
        self._buffer = b""
        self._is_first = True
        self._name = ""
        self._data: list[str] = []
        self._id: str | None = None

    def feed(self, data: bytes) -> Iterator[SseEvent]:
        self._buffer += data
        while (line := self._take_line()) is not None:
            if line:
                self._take(line)
            elif (event := self._finish()) is not None:
                yield event
        if len(self._buffer) > _MAX_LINE:
            raise Garbled("a line of the stream does not end")

    def _take_line(self) -> str | None:
        ends = [end for end in (self._buffer.find(b"\n"), self._buffer.find(b"\r")) if end >= 0]
        if not ends:
            return None
        end = min(ends)
        after = end + 1
        if self._buffer[end : end + 1] == b"\r":
            # A line feed may still come with it.
            if after == len(self._buffer):
                return None
            if self._buffer[after : after + 1] == b"\n":
                after += 1
        line, self._buffer = self._buffer[:end].decode("utf-8", "replace"), self._buffer[after:]
        if self._is_first:
            line, self._is_first = line.removeprefix("\ufeff"), False
        return line

    def _take(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value

    def _finish(self) -> SseEvent | None:
        name, data = self._name or "message", self._data
        self._name, self._data = "", []
        return SseEvent(name, "\n".join(data), self._id) if data else None


def _new_unzip() -> zlib._Decompress:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)
