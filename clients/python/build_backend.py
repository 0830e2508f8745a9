"""Builds the package for pip (PEP 517), with nothing but the standard library."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
_ENGINE = (FOLDER / "candlestream" / "_engine.py").read_text("utf-8")
VERSION = re.search(r'^VERSION = "(.+)"$', _ENGINE, re.M).group(1)  # type: ignore[union-attr]
INFO = f"candlestream-{VERSION}.dist-info"
# A file of a wheel has a time; the same sources give the same wheel.
TIME = (1980, 1, 1, 0, 0, 0)

METADATA = f"""\
Metadata-Version: 2.1
Name: candlestream
Version: {VERSION}
Summary: Live OHLCV candles from a CandleStream server: resumes by itself, exact decimals, gaps that are named. Standard library only.
License: Apache-2.0
Keywords: ohlcv,candles,market data,sse,trading
Classifier: License :: OSI Approved :: Apache Software License
Classifier: Programming Language :: Python :: 3.10
Classifier: Programming Language :: Python :: 3.11
Classifier: Programming Language :: Python :: 3.12
Classifier: Programming Language :: Python :: 3.13
Classifier: Typing :: Typed
Requires-Python: >=3.10
Provides-Extra: pandas
Requires-Dist: pandas; extra == "pandas"
Description-Content-Type: text/markdown
"""


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> str:
    modules = {f"candlestream/{file.name}": file.read_bytes() for file in _modules()}
    return _write_wheel(wheel_directory, modules)


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> str:
    return _write_wheel(wheel_directory, {"candlestream.pth": f"{FOLDER}\n".encode()})


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    name = f"candlestream-{VERSION}"
    with tarfile.open(Path(sdist_directory) / f"{name}.tar.gz", "w:gz") as archive:
        for file in [*_modules(), *(FOLDER / other for other in ("build_backend.py", "pyproject.toml", "README.md", "LICENSE"))]:
            archive.add(file, f"{name}/{file.relative_to(FOLDER)}")
        info = tarfile.TarInfo(f"{name}/PKG-INFO")
        content = _metadata()
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return f"{name}.tar.gz"


def _modules() -> list[Path]:
    return sorted(file for file in (FOLDER / "candlestream").iterdir() if file.suffix == ".py" or file.name == "py.typed")


def _metadata() -> bytes:
    return (METADATA + "\n").encode() + (FOLDER / "README.md").read_bytes()


def _write_wheel(folder: str, files: dict[str, bytes]) -> str:
    files = {
        **files,
        f"{INFO}/METADATA": _metadata(),
        f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: candlestream\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{INFO}/entry_points.txt": b"[console_scripts]\ncandlestream = candlestream.__main__:main\n",
        f"{INFO}/LICENSE": (FOLDER / "LICENSE").read_bytes(),
    }
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{INFO}/RECORD"] = "\n".join([*record, f"{INFO}/RECORD,,", ""]).encode()
    wheel = f"candlestream-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return wheel


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
