"""What a client hands on, and the ways in which it can fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Gap = tuple[int, int]
"""A range [from, to) of open times, Unix ms, in which candles may be missing."""


@dataclass(frozen=True, slots=True)
class Candle:
    """One version of one candle of a series."""

    series: str
    """Such as ``BTCUSD:1m``."""
    time: int
    """Open time, Unix ms UTC."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    closed: bool
    """False while the candle forms."""
    rev: int
    """The server's version number: same series and time, higher rev = newer."""
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Fields that some exchanges add, such as ``trades``."""

    @property
    def symbol(self) -> str:
        return split_series(self.series)[0]

    @property
    def timeframe(self) -> str:
        return split_series(self.series)[1]

    @property
    def open_time(self) -> datetime:
        """The open time with its zone, UTC."""
        return _EPOCH + timedelta(milliseconds=self.time)


@dataclass(frozen=True, slots=True)
class Status:
    """The server's word on the feed of a series: at the start of a stream and at every change."""

    series: str
    state: str
    """connecting, live, reconnecting, polling or down."""
    connected: bool
    """True only while the server is fed live."""
    gaps: tuple[Gap, ...]
    """Where candles may be missing until the server has asked the exchange again."""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """The server cannot say what changed: forget every candle of the series. Those that follow are its new beginning."""

    series: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended; the client comes back by itself."""

    reason: str
    retry_in: float
    """Seconds until the next attempt."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A connection begins."""

    simulated: bool
    """True where the prices are invented and mean nothing."""


Event = Candle | Status | Reset | Disconnected | Hello


@dataclass(frozen=True, slots=True)
class History:
    """One answer of ``GET /candles``."""

    series: str
    candles: tuple[Candle, ...]
    """Oldest first."""
    asof: int
    """Every change up to this rev is in the candles: a stream that begins here leaves no hole."""
    gaps: tuple[Gap, ...] = ()
    reset: bool = False
    """Only with ``since``: the server cannot say what changed; these candles are the new beginning."""
    next: int | None = None
    """Where the next page starts, Unix ms; None at the end."""

    def __iter__(self) -> Iterator[Candle]:
        return iter(self.candles)

    def __len__(self) -> int:
        return len(self.candles)

    def to_dataframe(self) -> pandas.DataFrame:
        return to_dataframe(self.candles)


class CandleStreamError(Exception):
    """Whatever this package raises by itself."""


class Refused(CandleStreamError):
    """The server refused what was asked, and would refuse it again: an unknown symbol, a bad key, a bad parameter."""

    def __init__(self, status: int, detail: str, matches: tuple[str, ...] = ()) -> None:
        near = f" Did you mean {', '.join(matches)}?" if matches else ""
        hint = ' Pass a key: Client(url, api_key="…").' if status == 401 else ""
        super().__init__(f"{detail}{near}{hint} (status {status})")
        self.status = status
        self.detail = detail
        self.matches = matches


class WrongServer(CandleStreamError):
    """What answers at this address does not speak the protocol: a wrong URL, another program, or an older server."""


class Unavailable(CandleStreamError):
    """The server could not answer a single request now. Streams try again by themselves and do not raise this."""


def split_series(series: str) -> tuple[str, str]:
    """``BTCF0:USTF0:1m`` is the symbol ``BTCF0:USTF0`` at ``1m``: the last colon divides."""
    symbol, colon, timeframe = series.rpartition(":")
    if not (symbol and timeframe):
        raise ValueError(f"'{series}' is no series: write SYMBOL:TIMEFRAME, such as BTCUSD:1m")
    return symbol, timeframe


def to_dataframe(candles: Iterable[Candle]) -> pandas.DataFrame:
    """Candles as a DataFrame, indexed by open time (UTC). The prices stay Decimal: ``.astype(float)`` where speed counts more.

    Needs pandas, which this package does not install.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("to_dataframe() needs pandas: pip install pandas") from None
    rows = list(candles)
    columns = ("series", "open", "high", "low", "close", "volume", "closed", "rev")
    index = pandas.to_datetime([c.time for c in rows], unit="ms", utc=True)
    frame = pandas.DataFrame({name: [getattr(c, name) for c in rows] for name in columns}, index=index)
    frame.index.name = "time"
    return frame
