"""kill -9 at random moments of a build: are its files in the end those of a build that nobody stopped?

    python -m perf.kill --programs 50000 --kills 20

Builds a data set once without a stop, then again with so many kills at moments drawn evenly from the time that the
first one took. Every file must have the same bytes; of manifests and the card, all but the seconds, the date and the
folder that the command line names.
Exit code 1 where one differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

FILES = {
    "programs": "programs.jsonl",
    "trace": "runs.parquet",
    "ask": "questions.jsonl",
    "choose": "chosen.jsonl",
    "chain": "chains.jsonl",
    "audit": "chains.audit.jsonl",
    "rows": "sft.parquet",
}
"""The stages of a build, and the first file of each."""

TIMES = ("seconds", "written")
MACHINE = ("stages.json", "config.yaml")
"""What tells of the way, not of the data: seconds by stage, and the options with the folder's name."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int)
    parser.add_argument(
        "--keep-above", type=int, help="audit the chains, and keep those with this share of true claims"
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/kill"), help="is emptied first")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True)
    whole, killed = arguments.folder / "whole", arguments.folder / "killed"
    command = _command(arguments.programs, arguments.workers, arguments.keep_above)
    subprocess.run([*command, "--out", str(whole)], check=True, stderr=subprocess.DEVNULL)
    seconds = ", ".join(f"{name} {value:.0f}" for name, value in _stage_seconds(whole).items())
    print(f"a build of {arguments.programs:,} programs that nobody stopped; seconds: {seconds}", flush=True)
    _kill_often(command, killed, _moments(whole, arguments.kills, Random(arguments.seed)))
    subprocess.run([*command, "--out", str(killed)], check=True, stderr=subprocess.DEVNULL)
    return _compare(whole, killed, arguments.kills)


def _command(programs: int, workers: int | None, keep_above: int | None) -> list[str]:
    train = programs * 7 // 10
    sizes = ["--train", str(train), "--rl", str(programs - train), "--sft-size", str(train // 2)]
    true = [] if keep_above is None else ["--keep-above", str(keep_above)]
    limits = ["--workers", str(workers)] if workers else []
    return [sys.executable, "-m", "codereasoner", "build", *sizes, *true, *limits, "--allow-weak-isolation"]


def _kill_often(command: list[str], folder: Path, moments: list[tuple[str, float]]) -> None:
    """Each try goes on from where the one before was killed."""
    last = ("", 0.0)
    for number, (stage, seconds) in enumerate(moments, start=1):
        process = subprocess.Popen([*command, "--out", str(folder)], stderr=subprocess.DEVNULL)
        while process.poll() is None and not _began(folder, stage):
            time.sleep(0.01)
        time.sleep(seconds - last[1] if last[0] == stage else seconds)
        ended = process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        last = stage, seconds
        left = "it had ended" if ended else _at_work(folder)
        print(f"kill {number:>2}, {seconds:6.2f} s into {stage}: {left}", flush=True)


def _moments(whole: Path, kills: int, random: Random) -> list[tuple[str, float]]:
    """Moments drawn evenly from the whole time of a build: the stage, and the seconds since it began."""
    stages = [(name, seconds) for name, seconds in _stage_seconds(whole).items() if name in FILES]
    moments = []
    for moment in sorted(random.uniform(0, sum(seconds for _, seconds in stages)) for _ in range(kills)):
        for name, seconds in stages:
            if moment < seconds:
                moments.append((name, moment))
                break
            moment -= seconds
    return moments


def _stage_seconds(folder: Path) -> dict[str, float]:
    seconds: dict[str, float] = json.loads((folder / "stages.json").read_text(encoding="utf-8"))
    return seconds


def _began(folder: Path, stage: str) -> bool:
    """Is the first file of a stage begun, or done?"""
    path = folder / FILES[stage]
    return path.exists() or path.with_name(path.name + ".part").exists()


def _at_work(folder: Path) -> str:
    """What a kill left: the part file that was growing, with its size."""
    parts = [path for path in folder.glob("*.part") if path.stat().st_size]
    newest = max(parts, key=lambda path: path.stat().st_mtime, default=None)
    return f"{newest.name}, {newest.stat().st_size:,} bytes" if newest else "between two files"


def _compare(whole: Path, killed: Path, kills: int) -> int:
    names = [_files(folder) for folder in (whole, killed)]
    if names[0] != names[1]:
        print(f"not the same files: {sorted(set(names[0]) ^ set(names[1]))}")
        return 1
    different = [name for name in names[0] if _content(whole / name) != _content(killed / name)]
    size = sum(os.path.getsize(whole / name) for name in names[0])
    print(f"after {kills} kills: {len(names[0])} files, {size:,} bytes, {len(different)} of them different {different}")
    return 1 if different else 0


def _files(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name not in MACHINE)


def _content(path: Path) -> object:
    if path.name.endswith(".manifest.json"):
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {name: value for name, value in rows.items() if name not in TIMES}
    if path.name == "README.md":
        text = re.sub(r"\| (written|command) \|.*", "", path.read_text(encoding="utf-8"))
        return re.sub(r"^(# |out: ).*", "", text, flags=re.MULTILINE)
    return path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
