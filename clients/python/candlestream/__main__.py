"""`python -m candlestream watch BTCUSD:1m`: one JSON object a line."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from .client import Client
from .model import Candle, CandleStreamError, Reset

_USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m candlestream", description="Candles of a CandleStream server.")
    commands = parser.add_subparsers(dest="command", required=True)
    watch = commands.add_parser("watch", help="Prints candles as they change, one JSON object a line; comes back by itself.")
    watch.add_argument("series", nargs="+", help="such as BTCUSD:1m")
    watch.add_argument(
        "--url",
        default=os.environ.get("CANDLESTREAM_URL", "http://127.0.0.1:8000"),
        help="the server (default: %(default)s, or CANDLESTREAM_URL)",
    )
    watch.add_argument(
        "--api-key",
        default=os.environ.get("CANDLESTREAM_API_KEY"),
        help="default: CANDLESTREAM_API_KEY, which a list of processes does not show",
    )
    watch.add_argument("--history", type=int, default=0, metavar="N", help="begin with the newest N candles of each series")
    watch.add_argument("--closed-only", action="store_true", help="leave out candles that still form")
    watch.add_argument("--delta", action="store_true", help="ask the server for changed fields only")
    given = parser.parse_args(arguments)
    logging.basicConfig(format="candlestream: %(message)s", stream=sys.stderr)
    try:
        return _watch(given)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has what it wanted. The interpreter must not try to flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ValueError as error:
        print(f"candlestream: {error}", file=sys.stderr)
        return _USAGE_ERROR
    except CandleStreamError as error:
        print(f"candlestream: {error}", file=sys.stderr)
        return 1


def _watch(given: argparse.Namespace) -> int:
    client = Client(given.url, api_key=given.api_key, delta=given.delta, max_rate=0 if given.closed_only else None)
    for event in client.events(given.series, history=given.history):
        if isinstance(event, Candle) and (event.closed or not given.closed_only):
            print(_line(event), flush=True)
        elif isinstance(event, Reset):
            print(f"candlestream: {event.series}: the server starts it anew; closed candles may come again", file=sys.stderr)
    return 0


def _line(candle: Candle) -> str:
    fields: dict[str, Any] = {"series": candle.series, "symbol": candle.symbol, "timeframe": candle.timeframe, "time": candle.time}
    fields |= {name: getattr(candle, name) for name in ("open", "high", "low", "close", "volume")}
    fields |= {"closed": candle.closed, "rev": candle.rev, **candle.extra}
    return "{" + ",".join(f"{json.dumps(name)}:{_json(value)}" for name, value in fields.items()) + "}"


def _json(value: Any) -> str:
    """A decimal keeps every digit: `json` itself would go through a float."""
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


if __name__ == "__main__":
    sys.exit(main())
