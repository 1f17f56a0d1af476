"""How many of the forging suite's answers a peer's scorer accepts, beside ours, which accepts none.

    python -m tests.hostile.answers_peers cruxeval=PATH livecodebench=PATH

PATH is a checkout of github.com/facebookresearch/cruxeval or github.com/LiveCodeBench/LiveCodeBench. Their scorers
execute the answers: each peer runs in a process of its own with 2 GB of memory, and nothing else protects the machine,
so use one that may be thrown away.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

from tests.hostile.answers_attacks import GENERIC, SPECIFIC

PROGRAM = "def f(x):\n    return [x + 1, x]\n"
FILLED = {
    "output": {"call": "f(1)", "gold": "[2, 1]", "wrong": "[3, 2]", "entry": "f", "line": "3"},
    "input": {"call": "f(2)", "gold": "f(1)", "wrong": "f(7)", "entry": "f", "line": "3"},
}
MEMORY = 2 << 30
LONGEST = 20_000  # characters of an attack; longer ones only show how slow a scorer is
PEERS = {
    "cruxeval": ("evaluation", "from utils_general import evaluate_score", "evaluate_score(([text], program, mode))"),
    "livecodebench": (
        ".",
        "from lcb_runner.evaluation.compute_code_execution_metrics import evaluate_score",
        "evaluate_score(([text], program))",
    ),
}
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
{imports}
work = json.load(sys.stdin)
program, mode = tuple(work["program"]), work["mode"]
for text in work["texts"]:
    try:
        accepted = {call} == [True]
    except BaseException as error:
        accepted = None
    print(json.dumps(accepted), flush=True)
"""


def attacks(mode: str) -> list[str]:
    """The suite's answers for one direction, each once."""
    texts = [text.format(**FILLED[mode]) for text in [*GENERIC, *SPECIFIC[mode]]]
    return [text for text in dict.fromkeys(texts) if len(text) <= LONGEST and text.isprintable()]


def verdicts(peer: str, path: Path, mode: str) -> list[bool | None]:
    """The scorer's verdict on each attack; None where it failed itself. A scorer that dies gives no more verdicts."""
    folder, imports, call = PEERS[peer]
    call_of_program = "1" if peer == "cruxeval" else "f(1)"
    work = {"program": [PROGRAM, call_of_program, "[2, 1]"], "mode": mode, "texts": attacks(mode)}
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT.format(imports=imports, call=call), str(path / folder)]
    done = subprocess.run(command, input=json.dumps(work), capture_output=True, text=True, preexec_fn=_limit)
    found = [json.loads(line) for line in done.stdout.splitlines() if line in ("true", "false", "null")]
    if not found:
        sys.exit(f"the scorer of {peer} in {path} does not start: {done.stderr[-300:]}")
    return found


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main(arguments: list[str]) -> int:
    """One line for each peer and direction, and the answers that were accepted."""
    if not arguments:
        print(__doc__)
        return 2
    for argument in arguments:
        peer, _, path = argument.partition("=")
        for mode in ("output", "input") if peer == "cruxeval" else ("output",):
            found = verdicts(peer, Path(path), mode)
            texts = attacks(mode)
            accepted = [text for text, verdict in zip(texts, found, strict=False) if verdict]
            print(f"{peer}, {mode}: accepts {len(accepted)} of {len(texts)} attacks, fails on {found.count(None)}, ")
            print(f"  gives no verdict on the last {len(texts) - len(found)}")
            print("".join(f"    {text[:100]!r}\n" for text in accepted))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
