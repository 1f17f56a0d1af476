"""Assemble a self-contained HTML page that asks nothing of the network.

The scripts in web/ draw every page: its content travels as compressed JSON and becomes text and SVG in the browser. So
charts are drawn in one place, they follow the pointer and the width of the window, and no text of a program or a model
is ever read as markup. A content security policy admits the page's own script and style by their hashes. Only the cards
of data sets need image files; set_plots.py draws those.
"""

import base64
import hashlib
import html
import json
import math
import zlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from codereasoner.errors import ConfigError
from codereasoner.ledger import write_whole
from codereasoner.outputs import check_writable

SCRIPTS = (
    "elements",
    "place",
    "charts",
    "summary",
    "results",
    "training",
    "boards",
    "trace",
    "answers",
    "browser",
    "main",
)
"""The files of web/ in the order of the page."""


OURS = (
    b'<meta name="generator" content="codereasoner">',
    b"Made by codereasoner.",
    b'{\n "boards": [',
    b"; codereasoner ",
)
"""Marks of the pages, tables and data that this package writes: only such a file is replaced by a new one."""


def check_view(path: Path) -> None:
    """Refuse to replace a page that another program or a person wrote."""
    check_writable(path)
    if path.is_file() and path.stat().st_size and not any(mark in path.read_bytes() for mark in OURS):
        raise ConfigError(f"{path} is there and was not made by codereasoner: give another path")


def write_view(path: Path, text: str) -> None:
    """Write a page, a table or data made from results in the place of an earlier one."""
    check_view(path)
    write_whole(path, text)


def assemble(title: str, blocks: Mapping[str, object]) -> str:
    """Return the page with its style, its script and its data in place.

    Each block is JSON, deflated and in base64: no character of it can end a script element or be read as markup.
    """
    style = _web("page.css")
    script = "\n".join(_web(f"{name}.js") for name in SCRIPTS)
    data = "\n".join(
        f'<script type="text/plain" id="data-{name}">{pack(value)}</script>' for name, value in blocks.items()
    )
    parts = {
        "title": html.escape(title),
        "policy": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:",
        "style": style,
        "script": script,
        "data": data,
    }
    before, *names = _web("page.html").split("{{")
    pieces = [before]
    for piece in names:
        name, _, rest = piece.partition("}}")
        pieces += [parts[name], rest]
    return "".join(pieces)


def pack(value: object) -> str:
    """Return JSON, deflated, in base64; lone surrogates travel as escapes, nan and the infinities as null."""
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False, default=str)
    return base64.b64encode(zlib.compress(text.encode("ascii"), 6)).decode("ascii")


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _web(name: str) -> str:
    return files("codereasoner.reports").joinpath("web", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
