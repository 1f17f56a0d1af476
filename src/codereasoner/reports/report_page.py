"""report.html: one self-contained file that shows a run, and asks nothing of the network.

Everything that comes from programs and models travels as compressed JSON and is put into the page as text, never as
HTML. A content security policy admits the page's own script by its hash and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import zlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from codereasoner.ledger import write_whole
from codereasoner.reports.accuracy_by_feature import accuracy_by_feature, program_features
from codereasoner.reports.data_flow import LINKS, flow, stage_seconds
from codereasoner.reports.error_counts import mistake_counts, with_steps
from codereasoner.reports.evaluation_rows import results, warnings
from codereasoner.reports.model_pairs import differences
from codereasoner.reports.question_browser import browser
from codereasoner.reports.question_records import LIMIT, gather
from codereasoner.reports.run_folder import Evaluation, check_run_folder, command_of, config, evaluations, manifests
from codereasoner.reports.training_curves import curves

SCRIPTS = (
    *("elements", "place", "charts", "flow", "results", "mistakes", "features", "training", "summary"),
    *("python", "trace", "loops", "answers", "detail", "list", "browser", "keys", "main"),
)  # in the order in which they stand in the page


def write_report(run_folder: Path, limit: int = LIMIT) -> Path:
    """Write report.html into a run folder from what is there, and return its path.

    Raises:
        DataError: the folder is no run folder, or one of its files is broken; the message names it.
    """
    check_run_folder(run_folder)
    found = evaluations(run_folder)
    gathered = gather([run_folder], found, limit)
    features = accuracy_by_feature(gathered, program_features([run_folder], gathered))
    compared = {"features": features, "differences": differences(gathered), "mistakes": mistake_counts(gathered)}
    summary = _summary(run_folder, found)
    blocks = {"summary": summary | compared | {"results": with_steps(summary["results"], gathered)}} | browser(gathered)
    out = run_folder / "report.html"
    write_whole(out, assemble(_name(run_folder), blocks))
    return out


def assemble(title: str, blocks: Mapping[str, Any]) -> str:
    """The page with its style, its script and its data in place.

    Each block is JSON, deflated and in base64: no character of it can end a script element or be read as markup.
    """
    style = _web("page.css")
    script = "\n".join(_web(f"{name}.js") for name in SCRIPTS)
    data = "\n".join(
        f'<script type="text/plain" id="data-{name}">{pack(value)}</script>' for name, value in blocks.items()
    )
    parts = {
        "{{title}}": html.escape(title),
        "{{policy}}": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:",
        "{{style}}": style,
        "{{script}}": script,
        "{{data}}": data,
    }
    before, *names = _web("page.html").split("{{")
    pieces = [before]
    for piece in names:
        name, _, rest = piece.partition("}}")
        pieces += [parts["{{" + name + "}}"], rest]
    return "".join(pieces)


def pack(value: Any) -> str:
    """JSON, deflated, in base64; lone surrogates travel as escapes."""
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False, default=str)
    return base64.b64encode(zlib.compress(text.encode("ascii"), 6)).decode("ascii")


def _finite(value: Any) -> Any:
    """The value with None for nan and the infinities, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _web(name: str) -> str:
    return files("codereasoner.reports").joinpath("web", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _name(folder: Path) -> str:
    return folder.resolve().name.encode("utf-8", "replace").decode()


def _summary(folder: Path, found: list[Evaluation]) -> dict[str, Any]:
    outputs = manifests(folder)
    settings, text = config(folder)
    rows = results(found)
    stages = stage_seconds(folder, outputs)
    return {
        "name": _name(folder),
        "facts": _facts(settings, text, outputs, stages),
        "config": text,
        "flow": flow(folder, outputs, found),
        "links": LINKS,
        "stages": stages,
        "curves": curves(folder),
        "results": rows,
        "warnings": warnings(rows),
        "unfinished": [f"{each.questions}@{each.model}" for each in found if not each.summary],
    }


def _facts(
    settings: Mapping[str, Any], text: str, outputs: Mapping[str, Mapping[str, Any]], stages: list[dict[str, Any]]
) -> list[list[str]]:
    """[label, value] of what identifies the run: the newest manifest speaks where config.yaml is silent."""
    newest = list(outputs.values())[-1] if outputs else {}
    seconds = sum(stage["seconds"] for stage in stages)
    facts = {
        "command": settings.get("command", newest.get("command")) or command_of(text),
        "seed": settings.get("seed", newest.get("seed")),
        "version": newest.get("version"),
        "commit": newest.get("commit"),
        "Python": newest.get("python"),
        "host": newest.get("host"),
        "written": newest.get("written"),
        "wall time": _duration(seconds) if seconds else None,
    }
    return [[name, str(value)] for name, value in facts.items() if value not in (None, "")]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
