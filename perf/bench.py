"""Every benchmark in one go: one JSON with the facts of the machine, compared with the stored one.

    make bench [PEER="cruxeval=PATH livecodebench=PATH"] [DATA=FOLDER] [STORE=1]

Takes about a quarter of an hour on two idle cores. Each benchmark is a script of its own and runs at a size at which
its ratios settle; what it prints as JSON is kept under its name. With STORE=1 the result is stored in perf/stored.json,
and the README's table of speeds, which a test compares with that file, is written anew.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from codereasoner.ledger import commit

ROOT = Path(__file__).resolve().parents[1]
STORED, README = ROOT / "perf" / "stored.json", ROOT / "README.md"
BEGIN, END = "<!-- speeds: written by `make bench STORE=1` -->\n", "<!-- end of speeds -->\n"
LIBRARIES = ("torch", "transformers", "trl", "numpy", "pyarrow", "datasketch")
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")

SIZES: dict[str, Sequence[str]] = {
    "execution": (),
    "grading": (),
    "scoring": (),
    "evaluating": (),
    "training": ("--steps", "100"),
    "data": ("--programs", "3000", "--workers", "2"),
    "reporting": ("--programs", "1500"),
    "switches": ("--programs", "300", "--rounds", "5"),
}
"""The options with which each benchmark ends within two minutes."""

GROWN = 1.25  # times a stage's stored share from which on a comparison names it

TAKES = {"execution": "file", "grading": "file", "scoring": "folder", "evaluating": "folder", "data": "folder"}
"""Whether a benchmark's --data is CRUXEval's file or the folder of all benchmarks; others take none."""
PEERS = {"execution": ("cruxeval", "livecodebench"), "grading": ("cruxeval",)}
PEERS["scoring"] = ("cruxeval", "codeglance", "livecodebench", "reval")


def times(ratio: float) -> str:
    """Return a ratio with three digits, of thousands all."""
    return f"{ratio:,.0f}" if ratio >= 1000 else f"{ratio:.3g}"


def main() -> int:
    """Run, write, compare; exit with 1 where a benchmark ended with an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=SIZES, help="run this one only; repeat it")
    parser.add_argument("--peer", action="append", default=[], help="NAME=PATH of a checkout; repeat it")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CODEREASONER_DATA", "../shared/data")))
    parser.add_argument("--out", type=Path, default=Path("runs/bench.json"))
    parser.add_argument("--store", action="store_true", help="store the result, and write the README's table")
    options = parser.parse_args()
    if options.store and options.only:
        parser.error("--store keeps the result of one machine and commit, so of every benchmark: leave --only out")
    began = time.monotonic()
    result: dict[str, Any] = {"machine": machine(), "benchmarks": {}}
    for name in options.only or SIZES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        result["benchmarks"][name] = run(name, options.data, options.peer)
    result["seconds"] = round(time.monotonic() - began)
    stored = json.loads(STORED.read_text()) if STORED.is_file() else None
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(compared(result, stored))
    failed = [name for name, found in result["benchmarks"].items() if "failed" in found]
    if options.store and not failed:
        STORED.write_text(json.dumps(result, indent=1) + "\n")
        README.write_text(with_table(README.read_text(), result))
    return int(bool(failed))


def machine() -> dict[str, Any]:
    """What a number depends on: the processor, its flags, versions, and the commit."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.is_file() else ""
    model, flags = re.search(r"model name\s*: (.*)", text), re.search(r"flags\s*: (.*)", text)
    known = set(flags[1].split()) if flags else set()
    return {
        "processor": model[1] if model else platform.processor(),
        "flags": [flag for flag in FLAGS if flag in known],
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "commit": commit(),
        "load": os.getloadavg()[0],
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def run(name: str, data: Path, peers: Sequence[str]) -> dict[str, Any]:
    """Return what a benchmark prints; an exit code of 1 with a result means that a target is missed."""
    words = [sys.executable, "-m", f"perf.{name}", *SIZES[name], "--json"]
    for peer in peers:
        known, _, path = peer.partition("=")
        if known in PEERS.get(name, ()) and not Path(path).exists():
            print(f"{name}: no peer {known}, as there is no {path}", file=sys.stderr)
        elif known in PEERS.get(name, ()):
            words += ["--peer", peer]
    if name in TAKES and data.is_dir():
        words += ["--data", str(data / "cruxeval" / "cruxeval.jsonl" if TAKES[name] == "file" else data)]
    began = time.monotonic()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return {"failed": done.stderr.strip()[-1000:] or f"exit code {done.returncode}"}
    found: dict[str, Any] = json.loads(lines[-1])
    return {**found, "target_missed": done.returncode != 0, "bench_seconds": round(time.monotonic() - began)}


def compared(result: Mapping[str, Any], stored: Mapping[str, Any] | None) -> str:
    """Every ratio next to the stored one, and whether their spreads are apart; stages whose share has grown."""
    old = ratios(stored) if stored else {}
    lines = [f"{'ratio':<64}{'now':>9}{'spread':>18}{'stored':>9}"]
    for what, now in ratios(result).items():
        before = old.get(what)
        spread = f"{now['low']:.4g} to {now['high']:.4g}"
        lines.append(f"{what:<64}{now['median']:>9.4g}{spread:>18}{before['median'] if before else '-':>9}")
        if before and (now["high"] < before["low"] or now["low"] > before["high"]):
            lines[-1] += "  differs"
    before = shares(stored) if stored else {}
    for what, share in shares(result).items():
        if share > GROWN * before.get(what, share):
            lines.append(f"{what}: {share:.0%} of the CPU seconds, {before[what]:.0%} stored  differs")
    for name, found in result["benchmarks"].items():
        if "failed" in found:
            lines.append(f"{name} FAILED: {found['failed']}")
        elif found["target_missed"]:
            lines.append(f"{name}: a target is missed")
    return "\n".join(lines)


def ratios(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return all ratios by what they compare: `ours: theirs`."""
    return {what: each for found in result["benchmarks"].values() for what, each in found.get("ratios", {}).items()}


def shares(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the share of each stage in the CPU seconds of its benchmark."""
    found = {name: each["stages"] for name, each in result["benchmarks"].items() if "stages" in each}
    totals = {name: sum(each["cpu"] for each in stages.values()) for name, stages in found.items()}
    return {
        f"{name}: {stage}": each["cpu"] / totals[name]
        for name, stages in found.items()
        for stage, each in stages.items()
    }


def table(result: Mapping[str, Any]) -> str:
    """Return the README's table of speeds."""
    facts = result["machine"]
    found = f"{facts['processor']}, {facts['cores']} cores, Python {facts['python']}"
    lines = [f"Medians of five turns or more in one run ({found}), with the lowest and the highest turn:", ""]
    lines += ["| ours | compared with | times as fast |", "| --- | --- | --- |"]
    for what, each in ratios(result).items():
        ours, _, theirs = what.partition(": ")
        theirs = theirs.replace("cruxeval's", "CRUXEval's")
        lines.append(f"| {ours} | {theirs} | {times(each['median'])} [{times(each['low'])}, {times(each['high'])}] |")
    return "\n".join(lines) + "\n"


def with_table(readme: str, result: Mapping[str, Any]) -> str:
    """Return the README with the table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{table(result)}{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
