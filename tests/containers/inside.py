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
    strict = command("score", "cruxeval-o", *files, "--json")
    refused = command("score", "cruxeval-o", *files, "--grader", "official", "--json")
    checked = command("check", "--benchmark", "cruxeval-o", files[0], files[1])
    examined = command("doctor", "--json")
    result = {
        "score": json.loads(scored[1])["pass@1"] if scored[0] == 0 else scored[2],
        "strict": json.loads(strict[1])["pass@1"] if strict[0] == 0 else strict[2],
        "unasked": {"score": strict[0], "check": checked[0], "score officially": refused[0]},
        "doctor": examined[0],
        "examined": json.loads(examined[1]) if examined[1] else examined[2],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
