"""Reads what the server says (docs/protocol.md)."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from ._http import Garbled
from .model import Candle, Gap, History, Status

_NUMBERS = ("open", "high", "low", "close", "volume")
_OWN = frozenset({"symbol", "timeframe", "series", "time", "closed", "rev", "base", *_NUMBERS})


def read_json(text: str | bytes) -> dict[str, Any]:
    """A JSON object; its decimals stay exact."""
    try:
        value = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise Garbled(f"JSON that cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise Garbled("JSON that is no object")
    return value


def read_candle(series: str, value: Any) -> Candle:
    """A whole candle: half of one must not pass for one with zeros."""
    if not isinstance(value, dict):
        raise Garbled("a candle that is no object")
    try:
        prices = {name: _decimal(value[name]) for name in _NUMBERS}
        return Candle(series, _whole(value["time"]), closed=_bool(value["closed"]), rev=_whole(value["rev"]), extra=_extra(value), **prices)
    except KeyError as missing:
        raise Garbled(f"a candle without {missing}") from None


def apply_delta(base: Candle | None, value: dict[str, Any]) -> Candle:
    """The whole candle again; only over the version that this connection was sent last."""
    if base is None or base.time != value.get("time") or base.rev != value.get("base"):
        raise Garbled("a delta without the version that it builds on")
    prices = {name: _decimal(value[name]) for name in _NUMBERS if name in value}
    closed = _bool(value["closed"]) if "closed" in value else base.closed
    return replace(base, closed=closed, rev=_whole(value.get("rev")), extra={**base.extra, **_extra(value)}, **prices)


def read_status(value: dict[str, Any]) -> Status:
    reason = value.get("reason")
    return Status(
        text(value, "series"),
        text(value, "state"),
        value.get("connected") is True,
        read_gaps(value.get("gaps")),
        reason if isinstance(reason, str) else None,
    )


def read_history(series: str, value: dict[str, Any]) -> History:
    candles = value.get("candles")
    if not isinstance(candles, list):
        raise Garbled("an answer without candles")
    following = value.get("next")
    return History(
        series,
        tuple(read_candle(series, candle) for candle in candles),
        _whole(value.get("asof")),
        read_gaps(value.get("gaps")),
        value.get("reset") is True,
        following if isinstance(following, int) else None,
    )


def read_gaps(value: Any) -> tuple[Gap, ...]:
    if not isinstance(value, list):
        return ()
    return tuple((gap[0], gap[1]) for gap in value if isinstance(gap, list) and len(gap) == 2 and all(isinstance(end, int) for end in gap))


def text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise Garbled(f"an event without {name}")
    return found


def whole(value: dict[str, Any], name: str) -> int:
    return _whole(value.get(name))


def _extra(value: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in _OWN}


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Garbled(f"{value!r} where a whole number belongs")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Garbled(f"{value!r} where true or false belongs")
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Garbled(f"{value!r} where a number belongs")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise Garbled(f"{value!r} where a number belongs") from None
