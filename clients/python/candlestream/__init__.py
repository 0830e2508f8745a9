"""Live OHLCV candles from a CandleStream server, with the standard library only.

    from candlestream import Client

    for candle in Client("http://127.0.0.1:8000").follow("BTCUSD:1m"):
        print(candle.open_time, candle.close)
"""

from ._engine import VERSION as __version__
from ._engine import Options
from .client import AsyncClient, Client
from .model import (
    Candle,
    CandleStreamError,
    Disconnected,
    Event,
    Gap,
    Hello,
    History,
    Refused,
    Reset,
    Status,
    Unavailable,
    WrongServer,
    split_series,
    to_dataframe,
)

__all__ = [
    "AsyncClient",
    "Candle",
    "CandleStreamError",
    "Client",
    "Disconnected",
    "Event",
    "Gap",
    "Hello",
    "History",
    "Options",
    "Refused",
    "Reset",
    "Status",
    "Unavailable",
    "WrongServer",
    "__version__",
    "split_series",
    "to_dataframe",
]
