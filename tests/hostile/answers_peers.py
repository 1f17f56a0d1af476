"""How many of the forging suite's answers a peer's scorer accepts, beside ours, which accepts none.

    make forging PEER="cruxeval=PATH livecodebench=PATH"
    python -m tests.hostile.answers_peers cruxeval=PATH livecodebench=PATH

PATH is a checkout of github.com/facebookresearch/cruxeval or github.com/LiveCodeBench/LiveCodeBench. Their scorers
execute the answers: they run in a throw-away sandbox. One that an answer kills or stops for a minute is started again
behind it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.hostile.answers_attacks import GENERIC, SPECIFIC
from tests.hostile.sandbox import run_shut_in

from codereasoner import extend
from codereasoner.execution.pool import Pool
from codereasoner.task import Question, grade_answers

PROGRAM = "def f(x):\n    return [x + 1, x]\n"
FACTS = {"source": PROGRAM, "entry": "f"}
QUESTIONS = {
    "output": Question("output", FACTS | {"call": "1"}, ("[2, 1]",)),
    "input": Question("input", FACTS | {"value": "[2, 1]"}, ("f(1)",)),
}
FILLED = {
    "output": {"call": "f(1)", "gold": "[2, 1]", "wrong": "[3, 2]", "entry": "f", "line": "3"},
    "input": {"call": "f(2)", "gold": "f(1)", "wrong": "f(7)", "entry": "f", "line": "3"},
}
RIGHT = {"output": ["[2, 1]"], "input": ["f(1)"]}
LONGEST = 20_000  # characters of an attack; longer ones only show how slow a scorer is
SECONDS = 60.0  # without a verdict
PEERS = {
    "cruxeval": ("evaluation", "from utils_general import evaluate_score", "evaluate_score(([text], program, mode))"),
    "livecodebench": (
        ".",
        "from lcb_runner.evaluation.compute_code_execution_metrics import evaluate_score\n"
        "from lcb_runner.evaluation.utils_execute import BASE_IMPORTS\n"
        "exec(BASE_IMPORTS, {})",  # imported once here, or pandas may take all of the three seconds of an answer
        "evaluate_score(([text], program))",
    ),
}
SCRIPT = """
import json, os, sys, threading
sys.path.insert(0, sys.argv[1])
{imports}
work = json.load(sys.stdin)
verdicts = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
program, mode = tuple(work["program"]), work["mode"]
for text in work["texts"]:
    patience = threading.Timer({seconds}, os._exit, [1])
    patience.start()
    try:
        accepted = {call} == [True]
    except BaseException as error:
        accepted = None
    patience.cancel()
    print(json.dumps(accepted), file=verdicts, flush=True)
"""


def attacks(mode: str) -> list[str]:
    """The suite's answers for one direction, each once."""
    texts = [text.format(**FILLED[mode]) for text in [*GENERIC, *SPECIFIC[mode]]]
    return [text for text in dict.fromkeys(texts) if len(text) <= LONGEST]


def verdicts(peer: str, path: Path, mode: str, texts: list[str]) -> list[bool | str]:
    """The scorer's verdict on each answer, or what became of the scorer."""
    folder, imports, call = PEERS[peer]
    script = SCRIPT.format(imports=imports, call=call, seconds=SECONDS)
    command = [sys.executable, "-W", "ignore", "-c", script, str(path.resolve() / folder)]
    program = [PROGRAM, "1" if peer == "cruxeval" else "f(1)", "[2, 1]"]
    found: list[bool | str] = []
    while len(found) < len(texts):
        work = {"program": program, "mode": mode, "texts": texts[len(found) :]}
        done = run_shut_in(command, json.dumps(work), 20 * SECONDS)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line in ("true", "false", "null")]
        if not lines and not found:
            sys.exit(f"the scorer of {peer} in {path} does not start: {done.stderr[-300:]}")
        found += ["failed" if line is None else line for line in lines]
        if len(found) < len(texts):
            found.append("ended")
    return found


def ours(mode: str, texts: list[str]) -> list[bool | str]:
    """Our verdict on each answer."""
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        task = extend.task(mode)
        grades = grade_answers([(task, QUESTIONS[mode], text) for text in texts], pool.run)
    return ["failed" if grade.outcome == "error" else grade.outcome == "correct" for grade in grades]


def main(arguments: list[str]) -> int:
    """A table, and the answers that were accepted."""
    if not arguments or any(each.partition("=")[0] not in PEERS for each in arguments):
        print(__doc__)
        return 2
    accepted: dict[tuple[str, str], list[str]] = {}
    print(f"{'scorer':14} {'direction':10} {'attacks':>8} {'accepts':>8} {'fails':>6} {'ended by':>9} {'right':>6}")
    for mode in ("output", "input"):
        texts = attacks(mode)
        found = {"codereasoner": ours(mode, RIGHT[mode] + texts)}
        for argument in arguments:
            peer, _, path = argument.partition("=")
            if peer == "cruxeval" or mode == "output":
                found[peer] = verdicts(peer, Path(path), mode, RIGHT[mode] + texts)
        for name, (right, *each) in found.items():
            counts = [each.count(what) for what in (True, "failed", "ended")]
            print(f"{name:14} {mode:10} {len(each):8} {counts[0]:8} {counts[1]:6} {counts[2]:9} {right!s:>6}")
            accepted[name, mode] = [text for text, verdict in zip(texts, each, strict=True) if verdict is True]
    for (name, mode), texts in accepted.items():
        print(f"\naccepted by {name}, {mode}:" if texts else "", *(f"    {text[:100]!r}" for text in texts), sep="\n")
    return int(any(texts for (name, _), texts in accepted.items() if name == "codereasoner"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
