"""CPU seconds and memory of `report`, `compare` and `audit` on 100,000 answers, and the page's time to open.

    python -m perf.reporting --programs 12500 --models 4

The folder is synthetic but complete: procedural programs, really traced, two questions on each, narrated chains, and
for each model answers of which a fixed share is wrong, with a false claim in the chain. `audit` reads the answers of
all models in one file, those to a question side by side, as samples are. A second is one of CPU, of the
command and the processes it starts; the memory is that of its largest process. The page is opened in headless Chromium
where there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from codereasoner import extend
from codereasoner.evaluation.results import GradeRow, count_grades
from codereasoner.evaluation.run_evaluation import grade_row
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_records, write_records, write_whole
from codereasoner.records import Answer, Chain
from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.trace_calls import trace_programs
from codereasoner.stages.write_chains import narrate_chains
from codereasoner.styles import find_style
from codereasoner.task import Grade, Question

TASKS = ("output", "input")
STYLE = find_style("reasoning")
SECONDS, MEBIBYTES, OPEN_SECONDS = 30, 1024, 2.0  # wanted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=12_500)
    parser.add_argument("--models", type=int, default=4, choices=range(2, 100), metavar="N", help="at least 2")
    parser.add_argument(
        "--folder", type=Path, help="make the run there, or use the one that is there (default: temporary)"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="bench-reporting-"))
    try:
        if not (folder / "complete").is_file():
            making = get_context("spawn").Process(target=make_run, args=(folder, arguments.programs, arguments.models))
            making.start()  # in a process of its own: a command's memory counts that of the process that starts it
            making.join()
            if making.exitcode:
                raise SystemExit(making.exitcode)
        result = measure(folder)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder)
    if arguments.json:
        print(json.dumps(result))


def make_run(folder: Path, programs: int, models: int) -> None:
    """Make a run folder with two questions on each program, answered by each model."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl")]
    written, runs, questions, chains = paths
    write_programs(written, [("test", programs, extend.find("source", "procedural"))], {})
    weak = True
    with Pool(allow_weak_isolation=weak) as pool, Pool(allow_weak_isolation=weak, hash_seed=1) as again:
        trace_programs(written, runs, pool, again=again)
    ask_questions(runs, questions, TASKS)
    with Pool(allow_weak_isolation=weak) as pool:
        narrate_chains(questions, runs, chains, TASKS, "states", runner=pool.run)
    asked = list(read_records(questions, Question))[: 2 * programs]
    texts = {chain.question: chain.text for chain in read_records(chains, Chain)}
    for number in range(models):
        evaluation = folder / "evaluations" / f"test@model-{number}"
        _evaluate(evaluation, f"model-{number}", 0.4 + 0.1 * number, asked, texts)
        shutil.copy(questions, evaluation)
    write_whole(folder / "complete", "")


def _evaluate(folder: Path, model: str, skill: float, questions: Sequence[Question], texts: dict[str, str]) -> None:
    answers: list[Answer] = []
    grades: list[GradeRow] = []
    for question in questions:
        random = Random(f"{model}/{question.id}")
        right = random.random() < skill
        chain = texts.get(question.id, "")
        if not right:
            chain = chain.replace(" = 1", " = 2", 1).replace(" is 0", " is 3", 1)
        wrong = f"f({random.randrange(9)})" if question.task == "input" else str(random.randrange(99))
        given = question.gold[0] if right else wrong
        task = extend.task_of(question)
        text = STYLE.render(task.statement(question), given, chain)
        answers.append(Answer(question.id, model, STYLE.name, 0, text, "stop", {}, 90, len(text) // 3))
        verdict = Grade("correct", given) if right else Grade("wrong", given, "another value")
        grades.append(grade_row(question, answers[-1], verdict))
    write_records(folder / "answers.jsonl", answers, {})
    write_records(folder / "grades.jsonl", grades, {})
    about = {
        "benchmark": "test",
        "model": model,
        "style": STYLE.name,
        "grader": "strict",
        "baselines": {},
        "metrics": {},
    }
    write_whole(folder / "summary.json", json.dumps({**about, **count_grades(questions, grades)}))


def measure(folder: Path) -> dict[str, Any]:
    """Print a line for each command, and one for the page, on standard error; and return the numbers."""
    evaluations = sorted((folder / "evaluations").iterdir())
    answers = sum(sum(1 for _ in (each / "answers.jsonl").open()) for each in evaluations)
    print(
        f"{answers:,} answers; at most {SECONDS} s (audit: of two cores) and {MEBIBYTES:,} MiB wanted", file=sys.stderr
    )
    result: dict[str, Any] = {"answers": answers}
    for each in evaluations:
        (each / "traces.jsonl").unlink(missing_ok=True)
        (each / "traces.jsonl.manifest.json").unlink(missing_ok=True)
    weak = "--allow-weak-isolation"
    commands = {
        "report": ["report", str(folder), weak],
        "report, traced before": ["report", str(folder), weak],
        "compare --report": ["compare", str(folder), weak, "--report", str(folder / "comparison.html")],
        "audit": ["audit", str(_all_answers(folder, evaluations)), weak, "--json", "--fresh"],
    }
    for name, command in commands.items():
        seconds, mebibytes = _run([sys.executable, "-m", "codereasoner", *command])
        result[name] = {"cpu_seconds": seconds, "mebibytes": mebibytes}
        print(f"{name:<24}{seconds:>8.1f} s{mebibytes:>8,.0f} MiB", file=sys.stderr, flush=True)
    for name in ("report.html", "comparison.html"):
        page = folder / name
        opened = _open_seconds(page)
        told = "no Chromium here" if opened is None else f"opens in {opened:.2f} s ({OPEN_SECONDS:g} wanted)"
        result[name] = {"bytes": page.stat().st_size, "opens_seconds": opened}
        print(f"{name:<24}{page.stat().st_size / 2**20:>8.1f} MiB, {told}", file=sys.stderr)
    return result


def _all_answers(folder: Path, evaluations: Sequence[Path]) -> Path:
    """Return a file next to the run's questions with the answers of all models, question by question."""
    together = folder / "answers.jsonl"
    with ExitStack() as stack:
        files = [stack.enter_context((each / "answers.jsonl").open()) for each in evaluations]
        together.write_text("".join(line for lines in zip(*files, strict=True) for line in lines))
    return together


def _run(command: list[str]) -> tuple[float, float]:
    """CPU seconds of a command and its children, and its own largest resident size."""
    process = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _open_seconds(page: Path) -> float | None:
    """Seconds until the page is ready, the best of three; None where there is no Chromium or no selenium."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    try:
        from selenium import webdriver
    except ImportError:
        return None
    if program is None or driver is None:
        return None
    options = webdriver.ChromeOptions()
    for flag in ("--headless", "--no-sandbox", "--disable-gpu"):
        options.add_argument(flag)
    options.binary_location = program
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        times = []
        for _ in range(3):
            browser.get("about:blank")
            browser.get(f"file://{page.resolve()}#questions")
            wait = "const done = arguments[0]; const look = () => document.documentElement.dataset.ready"
            browser.set_script_timeout(60)
            times.append(
                browser.execute_async_script(
                    f"{wait} ? done(document.documentElement.dataset.ready) : setTimeout(look, 20); look()"
                )
            )
        return min(map(float, times)) / 1000
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
