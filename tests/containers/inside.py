"""Runs in a container: score a few answers, two of them hostile, and have the doctor look; print what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def command(*words: str) -> tuple[int, str, str]:
    """The exit status, the standard output and the standard error of a command of ours."""
    called = [sys.executable, "-m", "codereasoner", *words]
    done = subprocess.run(called, capture_output=True, text=True, check=False, cwd="/")
    return done.returncode, done.stdout, done.stderr


def main() -> None:
    files = ("--data", str(HERE / "rows.jsonl"), "--generations", str(HERE / "answers.json"))
    scored = command("score", "cruxeval-o", *files, "--grader", "official", "--allow-weak-isolation", "--json")
    refused = command("score", "cruxeval-o", *files, "--grader", "official", "--json")
    examined = command("doctor", "--json")
    result = {
        "score": json.loads(scored[1])["pass@1"] if scored[0] == 0 else scored[2],
        "without a flag": [refused[0], refused[2][-1000:]],
        "doctor": examined[0],
        "examined": json.loads(examined[1]) if examined[1] else examined[2],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
