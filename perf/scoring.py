"""How fast whole files of answers are scored, by both graders, each beside the published scorer's time for an answer.

    make bench-scoring [DATA=FOLDER] [PEER="cruxeval=PATH codeglance=PATH livecodebench=PATH reval=PATH"]

Scored are CRUXEval (8,000 real answers to -I; to -O those of a file given as --outputs, else 8,000 made up of right and
other values), LiveCodeBench (12 published files), REval (all logs) and DS-1000 of CodeGlance (10,190 real answers). A
peer is a checkout; its own scorer judges a sample of the answers, one after the other, in the same run. Only ratios
mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codereasoner import extend
from codereasoner.benchmarks.loading import locate
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.score import score_file
from codereasoner.execution.pool import Pool
from codereasoner.task import Question

LIMIT = 120.0  # seconds for all of it
SAMPLE = 40  # answers that a peer judges
PEERS = ("cruxeval", "codeglance", "livecodebench", "reval")

CHECKS = """
import json, sys, time
sys.path[:0] = sys.argv[1:]
try:
    from utils_general import evaluate_score
except ImportError:
    from lcb_runner.evaluation.compute_code_execution_metrics import evaluate_score
work = json.load(sys.stdin)
began = time.perf_counter()
for arguments in work:
    evaluate_score(arguments)
json.dump((time.perf_counter() - began) / len(work), sys.stdout)
"""
# REval's evaluation.py, with a model that gives one answer to everything, and without what it does not need then.
REVAL = """
import contextlib, html, io, json, os, sys, tempfile, time, types
import numpy, pandas
os.chdir(sys.argv[1])
sys.path.insert(0, sys.argv[1])
def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)
    return sys.modules[name]
module("bullet", Bullet=object, Input=object)
module("pytz", timezone=lambda name: None)
module("tqdm", tqdm=lambda items: items)
module("inference", Model=object)
unit = lambda vector: vector / numpy.linalg.norm(vector)
parts = {"matutils": module("gensim.matutils", unitvec=unit)}
parts["utils"] = module("gensim.utils", decode_htmlentities=html.unescape)
module("gensim", **parts)
numpy.mat = numpy.asmatrix
numpy.matrix.__float__ = lambda matrix: float(matrix.item())
import evaluation
class Model:
    prompt_type, info = "direct", "constant"
    def __init__(self, text):
        self.text, self.asked = text, 0
    def infer(self, prompt):
        self.asked += 1
        return self.text
asked, seconds = 0, 0.0
evaluation.Task._save_path = property(lambda task: tempfile.gettempdir() + "/reval")
answers = {"Coverage": "YES", "Path": "-1", "State": "Nil", "Output": "assert 1 == 1"}
for name, text in answers.items():
    model = Model(text)
    task = getattr(evaluation, name)(model)
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        task.run()
    seconds += time.perf_counter() - began
    asked += model.asked
json.dump(seconds / asked, sys.stdout)
"""


@dataclass(frozen=True)
class Work:
    """Files of answers to one benchmark, and what its published scorer would be given of them."""

    title: str
    benchmark: str
    data: Path
    files: tuple[Path, ...]
    peer: str


def main() -> int:
    """Measure, print one table, and exit with 1 where all of it takes longer than the limit."""
    options = read_options()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for work in everything(options, Path(folder)):
            rows.append(measure(work, options))
            if not options.json:
                show(rows[-1], first=len(rows) == 1)
    seconds = sum(row["seconds"] for row in rows)
    result = {"cpus": os.cpu_count(), "seconds": round(seconds, 1), "limit": LIMIT, "rows": rows}
    print(json.dumps(result) if options.json else f"all: {seconds:.1f} s of {LIMIT:.0f} s, both graders")
    return int(seconds > LIMIT)


def read_options() -> argparse.Namespace:
    """The command line; without --data, $CODEREASONER_DATA."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CODEREASONER_DATA", "../shared/data")))
    parser.add_argument("--outputs", type=Path, help="a file of generations for CRUXEval-O")
    parser.add_argument("--peer", action="append", default=[], help="NAME=PATH of a checkout")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    peers = dict(each.partition("=")[::2] for each in options.peer)
    if unknown := [name for name, path in peers.items() if name not in PEERS or not Path(path).is_dir()]:
        parser.error(f"--peer takes NAME=PATH of a checkout, NAME one of {', '.join(PEERS)}, not '{unknown[0]}'")
    if not (options.data / "cruxeval").is_dir():
        parser.error(f"{options.data} has no folder cruxeval: give --data the folder of the benchmarks' data")
    options.peer = {name: Path(path) for name, path in peers.items()}
    return options


def everything(options: argparse.Namespace, folder: Path) -> Iterator[Work]:
    """All that is scored."""
    data: Path = options.data
    crux, lcb, reval, glance = (data / name for name in ("cruxeval", "livecodebench", "reval", "codeglance"))
    inputs = tuple(sorted(crux.glob("*_input_generations.json")))[:1]
    yield Work("CRUXEval-I", "cruxeval-i", crux, inputs, "cruxeval")
    outputs = options.outputs or made_up_outputs(crux, folder / "generations.json")
    yield Work("CRUXEval-O", "cruxeval-o", crux, (outputs,), "cruxeval")
    yield Work("LiveCodeBench", "livecodebench-exec", lcb, tuple(sorted(lcb.glob("*_output.json.gz"))), "livecodebench")
    yield Work("REval", "reval", reval, (reval / "synthetic_logs",), "reval")
    yield Work("DS-1000", "codeglance-ds1000", glance, tuple(glance.glob("ds1000_*_generations.json")), "codeglance")


def made_up_outputs(data: Path, out: Path) -> Path:
    """Ten answers to each question of CRUXEval-O: its own value and nine others', five of them right in all."""
    benchmark = extend.find("benchmark", "cruxeval-o")
    golds = [question.gold[0] for question in benchmark.load(locate(benchmark, data))]
    texts = [[golds[place + 7 * k if k % 2 else place] for k in range(10)] for place in range(len(golds) - 63)]
    texts += [[gold] * 10 for gold in golds[-63:]]
    out.write_text(json.dumps({f"sample_{place}": row for place, row in enumerate(texts)}))
    return out


def measure(work: Work, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds for everything from reading the data on, the start of the workers and both graders included."""
    answers = 0
    began = time.perf_counter()
    preload = extend.find("benchmark", work.benchmark).preload()
    with Pool(workers=options.workers, preload=preload, allow_weak_isolation=True) as pool:
        for path in work.files:
            score = score_file(work.benchmark, path, work.data, "official", pool.run)
            found: Mapping[str, Any] = score
            answers += sum(each["n_answers"] for each in found.get("models", {"": found}).values())
    seconds = time.perf_counter() - began
    row: dict[str, Any] = {
        "what": work.title,
        "answers": answers,
        "seconds": seconds,
        "us": seconds / max(answers, 1) * 1e6,
    }
    if work.peer in options.peer:
        row["official_us"] = official(work, options.peer[work.peer]) * 1e6
        row["times_as_fast"] = row["official_us"] / row["us"]
    return row


def official(work: Work, checkout: Path) -> float:
    """Seconds that the published scorer takes for an answer, in a process of its own."""
    if work.peer == "reval":
        return run_peer(REVAL, [checkout], "")
    benchmark = extend.find("benchmark", work.benchmark)
    questions = benchmark.load(locate(benchmark, work.data))
    texts = read_generations(benchmark, work.files[0], questions)
    sample = [(question, texts[question.id][0]) for question in questions[:SAMPLE]]
    mode = "input" if work.benchmark.endswith("-i") else "output"
    fields = 2 if work.peer == "livecodebench" else 3
    arguments = [[[text], reference(work.peer, question), mode][:fields] for question, text in sample]
    return run_peer(CHECKS, [checkout / "evaluation", checkout], json.dumps(arguments))


def reference(peer: str, question: Question) -> Any:
    """What the published scorer compares with: the result, or the program, its input and its output."""
    if peer == "codeglance":
        return question.features["result"]
    facts = question.facts
    return [facts["source"], facts.get("call") or "no call", question.features.get("output", question.gold[0])]


def run_peer(script: str, arguments: list[Path], given: str) -> float:
    """What the script prints: seconds for an answer."""
    command = [sys.executable, "-W", "ignore", "-c", script, *(str(each.resolve()) for each in arguments)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the peer failed: {done.stderr.strip()[-500:]}")
    return float(done.stdout)


def show(row: Mapping[str, Any], first: bool) -> None:
    """One line of the table."""
    if first:
        print(f"{'':16}{'answers':>9}{'seconds':>9}{'us each':>10}{'official us':>13}{'times':>8}")
    peer = f"{row['official_us']:13,.0f}{row['times_as_fast']:8,.0f}" if "official_us" in row else f"{'-':>13}{'-':>8}"
    print(f"{row['what']:16}{row['answers']:9,}{row['seconds']:9.1f}{row['us']:10,.0f}{peer}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
