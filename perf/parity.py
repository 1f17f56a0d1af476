"""Compare the verdicts of our official graders with those of the published scorers; write docs/parity.md.

    make parity [DATA=FOLDER] [SCORED="cruxeval=FOLDER"] [PEER="cruxeval=PATH"] [ONLY="cruxeval-i cruxeval-o"]
    python -m perf.parity --data FOLDER --scored cruxeval=FOLDER --peer cruxeval=PATH --out docs/parity.md

SCORED are folders of files with answers and the verdicts that the scorer gave when they were published: those of
crux-eval.github.io (evaluation_results), github.com/minimario/cruxeval-lcb and github.com/greenlight2000/CodeGlance.
PEER are checkouts of the scorers, which judge a sample of the same answers here: cruxeval, codeglance, livecodebench,
reval; and codesense, semcoder, codemind, which judge made-up answers and those of CodeMind's history (see
parity_answers.py). A difference is listed by file, question and answer. Exits with 1 where one is not explained.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from perf.parity_answers import DRAWN_RUN, codemind, codesense, made_up, semcoder_answers
from perf.parity_rows import Comparison, benchmark_of, commit_of, page, row_of
from perf.scoring import REVAL

from codereasoner import extend
from codereasoner.benchmarks.livecodebench import LiveCodeBenchExecution
from codereasoner.benchmarks.loading import locate
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.score import score_file
from codereasoner.execution.pool import Pool
from codereasoner.extend import Benchmark, Generations
from codereasoner.ledger import write_whole
from codereasoner.task import Question

SAMPLE = 800  # answers that each scorer judges here
SLOW = {"livecodebench-exec": 96}  # its scorer imports pandas for each answer
FILES = {
    "codeglance-ds1000": ("codeglance", "*_output.json*"),
    "livecodebench-exec": ("livecodebench", "*_output.json*"),
    "cruxeval-o": ("cruxeval", "*_output*.json*"),
    "cruxeval-i": ("cruxeval", "*_input*.json*"),
}
"""The folder of scored files of a benchmark, and the pattern of their names."""
REVAL_PARTS = ("coverage", "path", "state", "output")
CHECKS = """
import json, multiprocessing, sys
sys.path[:0] = sys.argv[1:]
try:
    from utils_general import evaluate_score
except ImportError:
    from lcb_runner.evaluation.compute_code_execution_metrics import evaluate_score
if __name__ == "__main__":
    work = json.load(sys.stdin)
    json.dump([evaluate_score(arguments) for arguments in work], sys.stdout)
"""
"""The published scorer on single answers; what it prints is a list of verdicts for each."""
REPLAY = (
    REVAL[: REVAL.index("class Model:")]
    + """
class Model:
    prompt_type, info = "direct", "replay"
    def __init__(self, texts):
        self.texts = iter(texts)
    def infer(self, prompt):
        return next(self.texts)
found = {}
evaluation.Task._save_path = property(lambda task: tempfile.mkdtemp())
for name, texts in json.load(sys.stdin).items():
    task = getattr(evaluation, name.capitalize())(Model(texts))
    with contextlib.redirect_stdout(io.StringIO()):
        task.run()
    found[name] = task.records[-1]
json.dump(found, sys.stdout)
"""
)
"""REval's evaluation.py with a model that repeats the answers of a log."""


def main() -> int:
    """Compare, write the page, and exit with 1 where a difference is not explained."""
    options = read_options()
    found: list[Comparison] = []
    with Pool(options.workers, preload=LiveCodeBenchExecution().preload(), allow_weak_isolation=True) as pool:
        compared = (reval(options), live(options, pool), recorded(options, pool), made(options, pool))
        for each in chain.from_iterable(compared):
            found.append(each)
            write_whole(options.out, page(found, options.out))
            print(row_of(each), flush=True)
    return int(any(each.differences for each in found))


def read_options() -> argparse.Namespace:
    """The command line; without --data, $CODEREASONER_DATA."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CODEREASONER_DATA", "../shared/data")))
    parser.add_argument("--scored", action="append", default=[], help="NAME=FOLDER of files with verdicts")
    parser.add_argument("--peer", action="append", default=[], help="NAME=PATH of a checkout")
    parser.add_argument("--only", action="append", help="compare only this benchmark; the page keeps the others' rows")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path("docs/parity.md"))
    options = parser.parse_args()
    peers = {"reval", "codesense", "semcoder", "codemind", *map(peer_of, FILES)}
    for kind, known in (("scored", {name for name, _ in FILES.values()}), ("peer", peers)):
        given = dict(each.partition("=")[::2] for each in getattr(options, kind))
        if unknown := [name for name, path in given.items() if name not in known or not Path(path).is_dir()]:
            parser.error(f"--{kind} takes NAME=FOLDER, NAME one of {', '.join(sorted(known))}, not '{unknown[0]}'")
        setattr(options, kind, {name: Path(path) for name, path in given.items()})
    return options


def chosen(options: argparse.Namespace, names: Iterable[str] = FILES) -> list[str]:
    """Those of the benchmarks that are compared; by default of those with scored files."""
    return [name for name in names if not options.only or name in options.only]


def peer_of(benchmark: str) -> str:
    """The scorer of a benchmark by the name of its checkout."""
    return benchmark.partition("-")[0]


def scored_files(name: str, options: argparse.Namespace) -> list[Path]:
    """The files with answers and verdicts of a benchmark; those of --data where no folder is named."""
    folder, pattern = FILES[name]
    place = options.scored.get(folder, options.data / folder)
    files = sorted(path for path in place.rglob(pattern) if "generations" not in path.name)
    return [path for path in files if "raw_scored_generations" in read_json(path)]


def read_json(path: Path) -> Any:
    """The content of a JSON file, which may be compressed."""
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def recorded(options: argparse.Namespace, pool: Pool) -> Iterator[Comparison]:
    """Compare with the verdicts that were published with the answers."""
    for name in chosen(options):
        if not (files := scored_files(name, options)):
            continue
        benchmark = LiveCodeBenchExecution(echo="fail") if peer_of(name) == "livecodebench" else benchmark_of(name)
        questions = benchmark.load(locate(benchmark, options.data))
        found = Comparison(
            name, f"{len(files)} published file{'s' if len(files) > 1 else ''}", "the verdicts in these files"
        )
        for path in files:
            texts = Generations(read_generations(benchmark, path, questions))
            verdicts = benchmark.grade_officially(questions, texts, pool.run)
            unjudged = {(each["id"], each["sample"]) for each in getattr(verdicts, "unjudged", ())}
            published = read_json(path)["raw_scored_generations"]
            found.unjudged += len(unjudged)
            for question in questions:
                ours, theirs = verdicts[question.id], published[question.id]
                keep = [place for place in range(len(ours)) if (question.id, place) not in unjudged]
                if len(theirs) == len(ours):
                    theirs = [theirs[place] for place in keep]
                found.add(path.name, question.id, theirs, [ours[place] for place in keep], benchmark.official_counts)
            print(f"{name}: {path.name}, {found.verdicts:,} verdicts, {len(found.differences)} differ", flush=True)
        yield found


def live(options: argparse.Namespace, pool: Pool) -> Iterator[Comparison]:
    """Compare with the scorer itself, on a sample of the same answers."""
    for name in chosen(options):
        peer = options.peer.get(peer_of(name))
        files = scored_files(name if peer_of(name) != "livecodebench" else "cruxeval-o", options)
        if peer is None or not files:
            continue
        benchmark, questions, texts = sample_of(name, files, options)
        work = [arguments_of(name, question, texts[question.id]) for question in questions]
        theirs = judge(peer, work, options.workers)
        verdicts = benchmark.grade_officially(questions, texts, pool.run)
        answers = "a sample of them"
        if peer_of(name) == "livecodebench":
            answers = "answers to CRUXEval-O, as records of LiveCodeBench"
        found = Comparison(name, answers, f"the scorer at commit {commit_of(peer)}")
        for question, row in zip(questions, theirs, strict=True):
            found.add("sample", question.id, row, verdicts[question.id], benchmark.official_counts)
        print(f"{name}: {found.verdicts} live verdicts, {len(found.differences)} differ", flush=True)
        yield found


def sample_of(
    name: str, files: Sequence[Path], options: argparse.Namespace
) -> tuple[Benchmark, Sequence[Question], Generations]:
    """A benchmark, some of its questions, and an answer to each from the published files."""
    random = Random(f"parity/{name}")
    source = benchmark_of("cruxeval-o" if peer_of(name) == "livecodebench" else name)
    benchmark, data = benchmark_of(name), locate(source, options.data)
    questions = list(source.load(data))
    given = [read_generations(source, path, questions) for path in random.sample(files, min(20, len(files)))]
    texts = {question.id: [random.choice(random.choice(given)[question.id])] for question in questions}
    if source is not benchmark and peer_of(name) == "livecodebench":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "execution-v2.jsonl")
            path.write_text("\n".join(map(json.dumps, map(record_of, questions))))
            questions = list(benchmark.load(path))
    chosen = random.sample(questions, min(SLOW.get(name, SAMPLE), len(questions)))
    return benchmark, chosen, Generations({each.id: texts[each.id] for each in chosen})


def record_of(question: Question) -> dict[str, str]:
    """A question of CRUXEval-O as a record of LiveCodeBench."""
    facts, names = question.facts, ("question_id", "contest_id", "problem_id", "contest_date", "difficulty")
    call = f"{facts['entry']}({facts['call']})"
    known = {"code": facts["source"], "input": call, "output": question.gold[0], "id": question.id}
    return dict.fromkeys(names, "") | {"function_name": facts["entry"]} | known


def arguments_of(name: str, question: Question, texts: Sequence[str]) -> list[Any]:
    """What the published scorer is called with for the answers to one question."""
    if name.startswith("codeglance"):
        return [texts, question.features["result"], "output"]
    facts, output = question.facts, question.features.get("output", question.gold[0])
    if name.startswith("livecodebench"):
        return [texts, [facts["source"], facts["invocation"], output]]
    mode = "input" if name.endswith("-i") else "output"
    return [texts, [facts["source"], facts.get("call") or "no call", output], mode]


def judge(checkout: Path, work: Sequence[Any], workers: int) -> list[list[bool]]:
    """The scorer's verdicts, from as many processes as there are workers."""
    command = [sys.executable, "-W", "ignore", "-c", CHECKS, str(checkout / "evaluation"), str(checkout)]
    start = partial(subprocess.Popen, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    found: list[list[bool]] = []
    parts = [list(work[place::workers]) for place in range(workers)]
    running = [start() for _ in parts]
    for process, part in zip(running, parts, strict=True):
        assert process.stdin is not None
        process.stdin.write(json.dumps(part))
        process.stdin.close()
        process.stdin = None
    answers = [json.loads(process.communicate()[0]) for process in running]
    for place in range(len(work)):
        found.append(answers[place % workers][place // workers])
    return found


def made(options: argparse.Namespace, pool: Pool) -> Iterator[Comparison]:
    """Compare on answers that are made up, and on those of CodeMind's history."""
    names = chosen(options, sorted(extend.available("benchmark")))
    peers = options.peer
    if "semcoder" in peers and "cruxeval" in peers:
        yield from semcoder(options, names, pool)
    if "codesense" in peers:
        yield from codesense(peers["codesense"], names)
    if "codemind" in peers:
        yield from codemind(peers["codemind"], names)


def semcoder(options: argparse.Namespace, names: Sequence[str], pool: Pool) -> Iterator[Comparison]:
    """Let SemCoder's script read made-up generations, and CRUXEval's scorer judge what it finds."""
    checkout, scorer = options.peer["semcoder"], options.peer["cruxeval"]
    for name in (each for each in names if each.startswith("semcoder")):
        benchmark = benchmark_of(name)
        questions = benchmark.load(locate(benchmark, options.data))
        texts = made_up("semcoder", questions, DRAWN_RUN)
        read = semcoder_answers(checkout, name[-1], texts)
        work = [arguments_of(name, question, read[question.id]) for question in questions]
        verdicts = benchmark.grade_officially(questions, Generations(texts), pool.run)
        against = f"its script at commit {commit_of(checkout)}, then CRUXEval's scorer at commit {commit_of(scorer)}"
        found = Comparison(name, "made up", against)
        for question, row in zip(questions, judge(scorer, work, options.workers), strict=True):
            found.add("made up", question.id, row, verdicts[question.id], benchmark.official_counts)
        yield found


def reval(options: argparse.Namespace) -> Iterator[Comparison]:
    """Replay REval's logs through its own evaluation, and compare all of its numbers with ours."""
    if "reval" not in options.peer or (options.only and "reval" not in options.only):
        return
    logs, checkout = options.data / "reval" / "synthetic_logs", options.peer["reval"].resolve()
    with Pool(options.workers, preload=benchmark_of("reval").preload(), allow_weak_isolation=True) as pool:
        scores: Any = score_file("reval", logs, options.data / "reval", "official", pool.run)
    for model, score in scores["models"].items():
        texts = {name: log_texts(next(logs.glob(f"{name}@{model}*.jsonl"))) for name in REVAL_PARTS}
        command = [sys.executable, "-W", "ignore", "-c", REPLAY, str(checkout)]
        done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"REval's evaluation failed: {done.stderr.strip()[-500:]}")
        against = f"the numbers of its evaluation.py at commit {commit_of(checkout)}"
        found = Comparison("reval", f"the log of {model}", against, sum(map(len, texts.values())))
        compare_numbers(found, json.loads(done.stdout), score)
        yield found


def log_texts(path: Path) -> list[str]:
    """The answers of one of REval's logs, in the order in which it asks for them."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    pairs = [pair for row in rows if "generation" in row for pair in row["generation"]]
    found: list[str] = []
    for pair in pairs:
        results = pair["results"] if isinstance(pair["results"], list) else [pair["results"]]
        found += [result["generated"] for result in results]
    return found


def compare_numbers(found: Comparison, theirs: Any, ours: Any) -> None:
    """Compare the numbers of the four parts: accuracy, and precision, recall and F1 of coverage."""
    names = {"acc": "accuracy", "prec": "precision", "rec": "recall"}
    for part, numbers in theirs.items():
        for key, value in numbers.items():
            mine = ours[part][names.get(key, key)]
            if abs(mine - 100 * value) > 1e-9:
                found.differences.append(f"{part} {key}: published {100 * value}, here {mine}")


if __name__ == "__main__":
    sys.exit(main())
