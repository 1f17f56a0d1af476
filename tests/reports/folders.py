"""Makes run folders as the stages leave them: real programs, really traced, with every record and manifest."""

from __future__ import annotations

import base64
import json
import math
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from codereasoner import extend, literals
from codereasoner.chains.input_search import Try
from codereasoner.chains.narrator import narrate, narrate_search
from codereasoner.ledger import Ledger, write_manifest, write_records, write_whole
from codereasoner.records import Answer, Program, Run, Step, answer_key
from codereasoner.styles import STYLES
from codereasoner.task import VERDICTS, Question

MODELS = ("base", "sft", "control", "grpo")
SKILL = {"base": 0.02, "sft": 0.55, "control": 0.58, "grpo": 0.71}

HOSTILE = "</script><script>document.title = 'broken'</script> <b>bold</b> \u202e right \u200b \ud800 \x07 &amp; <!-- "

TEMPLATES: tuple[tuple[str, str], ...] = (
    (
        "def f(words, limit):\n    total = 0\n    kept = []\n    for word in words:\n        if len(word) > {a}:\n"
        "            kept.append(word.upper())\n            total += len(word)\n        elif total < limit:\n"
        "            kept.append(word[::-1])\n    return ' '.join(kept) + str(total + {b})",
        "['ab', 'delta', 'x{a}', 'gamma'], {b}",
    ),
    (
        "def f(n):\n    steps = []\n    while n > 1 and len(steps) < {a}:\n        # halve, or triple and add one\n"
        "        n = n // 2 if n % 2 == 0 else 3 * n + 1\n        steps.append(n)\n    return steps[:{b} + 20]",
        "{b}",
    ),
    (
        "def helper(row, by):\n    return [value * by for value in row]\n\n\ndef f(rows):\n    table = {{}}\n"
        "    for index, row in enumerate(rows):\n        table[index] = helper(row, {a})\n"
        "        if sum(table[index]) > {b}:\n            del table[index]\n    return table",
        "[[1, 2], [3, {b}], [], [{a}]]",
    ),
    (
        "def f(text):\n    counts = {{}}\n    for letter in text:\n"
        "        counts[letter] = counts.get(letter, 0) + {a}\n"
        "    best = max(counts, key=counts.get)\n    return best, counts[best] - {b}",
        "'mississippi{b}'",
    ),
)


def small_run(folder: Path) -> Path:
    """A run of 48 programs with every stage, four models, two task kinds and some hostile texts."""
    return make_run(folder, programs=48, models=MODELS, hostile=True)


def make_run(folder: Path, programs: int, models: Sequence[str], hostile: bool = False) -> Path:
    """A run folder with every stage; a third of the programs for each split."""
    made = [_program(number, hostile) for number in range(programs)]
    runs = [_traced(program) for program in made]
    questions = [q for run in runs for name in ("output", "input") for q in extend.task(name).collect(run).questions]
    write_whole(folder / "config.yaml", "command: codereasoner demo --seed 7\nseed: 7\nprograms: 48\nstyle: terse\n")
    _write(folder / "programs.jsonl", made, {"duplicate of another program": 9, "no call returned": 2})
    with Ledger(folder / "runs.parquet", {"record": "trace"}, json_columns=("steps",)) as ledger:
        for run in runs:
            ledger.append(run)
        ledger.drop(runs[0].to_json() | {"id": "0" * 16}, "timeout: 1 s of CPU time")
        ledger.finish()
    _write(folder / "questions.jsonl", questions, {"the value has no literal": 3})
    by_run = {run.id: run for run in runs}
    chains = [
        narrate_search(question, [Try((f"Take {by_run[question.run].call}.",), by_run[question.run])])
        if question.task == "input"
        else narrate(question, by_run[question.run])
        for question in questions
    ]
    _write(folder / "chains.jsonl", chains, {"longer than 900 tokens": 5, "the task has no narrator": 1})
    for name, split in (("sft.parquet", "train"), ("grpo.parquet", "rl")):
        _write(folder / name, [{"id": q.id, "prompt": "..."} for q in questions if q.split == split], {})
    _write_histories(folder)
    held_out = [question for question in questions if question.split == "test"]
    texts = {chain.question: chain.text for chain in chains}
    for model in models:
        evaluate(folder / "evaluations" / f"test@{model}", model, held_out, texts, hostile)
    return folder


def blocks(report: Path) -> dict[str, Any]:
    """The data in a page, unpacked."""
    found = re.findall(r'<script type="text/plain" id="data-([\w-]+)">([^<]*)</script>', report.read_text())
    return {name: json.loads(zlib.decompress(base64.b64decode(text))) for name, text in found}


def _write(path: Path, records: Sequence[Any], drops: dict[str, int]) -> None:
    with Ledger(path, {"seed": 7}) as ledger:
        for record in records:
            ledger.append(record)
        for reason, count in drops.items():
            for number in range(count):
                ledger.drop({"id": f"{reason} {number}"}, reason)
        ledger.finish()


def _program(number: int, hostile: bool) -> Program:
    source, call = TEMPLATES[number % len(TEMPLATES)]
    a, b = 2 + number % 5, 3 + number // 4
    source, call = source.format(a=a, b=b), call.format(a=a, b=b)
    if hostile and number == 2:
        source += "\n# " + HOSTILE.replace("\ud800", "").replace("\x07", "")
    split = ("test", "train", "rl")[number // len(TEMPLATES) % 3]
    return Program(source, "f", (call,), f"procedural/{split}/{number}", split, "CC0-1.0", {"level": number % 4})


def _traced(program: Program) -> Run:
    """Run the program's first call under a small tracer: enough for programs that we wrote ourselves."""
    namespace: dict[str, Any] = {}
    exec(compile(program.source.encode("utf-8", "replace"), "<program>", "exec"), namespace)
    steps: list[Step] = []
    sys.settrace(_tracer(steps))
    try:
        value = eval(f"f({program.calls[0]})", namespace)
    finally:
        sys.settrace(None)
    return Run(
        program.source,
        "f",
        program.calls[0],
        "ok",
        literals.write(value),
        steps=tuple(steps),
        program=program.id,
        split=program.split,
        python="3.11",
    )


def _tracer(steps: list[Step]) -> Callable[..., Any]:
    frames: dict[int, int] = {}
    before: dict[int, dict[str, str]] = {}
    open_lines: dict[int, int] = {}  # frame -> index of its step whose changes are not known yet

    def settle(frame: FrameType) -> None:
        now = {name: literals.write(value) for name, value in frame.f_locals.items() if name[0] != "."}
        then = before.get(id(frame), {})
        if id(frame) in open_lines:
            at = open_lines.pop(id(frame))
            changes = {name: text for name, text in now.items() if then.get(name) != text}
            steps[at] = Step("line", steps[at].frame, steps[at].line, changes, tuple(sorted(set(then) - set(now))))
        before[id(frame)] = now

    def trace(frame: FrameType, event: str, value: object) -> Any:
        if frame.f_code.co_filename != "<program>":
            return None
        number = frames.setdefault(id(frame), len(frames)) if event != "call" else len(frames)
        if event == "call":
            frames[id(frame)] = number
            before.pop(id(frame), None)
            open_lines.pop(id(frame), None)
        settle(frame)
        if event == "call":
            steps.append(Step("call", number, frame.f_lineno, dict(before[id(frame)]), value=frame.f_code.co_name))
        elif event == "line":
            open_lines[id(frame)] = len(steps)
            steps.append(Step("line", number, frame.f_lineno))
        elif event == "return":
            steps.append(Step("return", number, frame.f_lineno, value=literals.write(value)))
        return trace

    return trace


def evaluate(folder: Path, model: str, questions: Sequence[Question], chains: dict[str, str], hostile: bool) -> None:
    """An evaluation folder as `evaluate` leaves it: answers, grades and a summary."""
    style = STYLES["terse"]
    answers, grades = [], []
    for number, question in enumerate(questions):
        outcome = _outcome(model, question, Random(f"{model}/{question.id}"))
        text = _completion(question, outcome, chains[question.id])
        if hostile and number == 0:
            text = HOSTILE + text
        key = answer_key(question.id, f"local:{model}", style.name, 0, {"temperature": 0.0})
        tokens = len(text) // 3
        finish = "length" if outcome == "truncated" else "stop"
        answers.append(
            Answer(question.id, f"local:{model}", style.name, 0, text, finish, {"temperature": 0.0}, 90, tokens)
        )
        parsed = {"correct": question.gold[0], "wrong": "[1, 2, 'other']"}.get(outcome)
        reason = {"correct": "", "wrong": "another value", "truncated": "cut off before an answer"}
        grades.append(
            {"id": key, "question": question.id, "task": question.task, "sample": 0, "outcome": outcome}
            | {"answer": parsed, "reason": reason.get(outcome, "no complete answer"), "parts": {}, "credit": None}
        )
    write_records(folder / "answers.jsonl", answers, {"records": "answers"})
    write_records(folder / "grades.jsonl", grades, {"style": style.name})
    write_whole(folder / "summary.json", json.dumps(_summary(model, grades)))


def _outcome(model: str, question: Question, random: Random) -> str:
    chance = random.random()
    skill = SKILL.get(model, 0.5) * (1.0 if question.task == "output" else 0.7)
    if chance < skill:
        return "correct"
    return "truncated" if chance > (0.6 if model == "base" else 0.98) else "no_answer" if chance > 0.95 else "wrong"


def _completion(question: Question, outcome: str, chain: str) -> str:
    statement = extend.task(question.task).statement(question)
    if outcome == "correct":
        return STYLES["terse"].render(statement, question.gold[0], chain)
    if outcome == "wrong":
        return STYLES["terse"].render(statement, "[1, 2, 'other']", re.sub(r"= (\d)", r"= 4\1", chain, count=2))
    return "<reasoning>" + chain[: len(chain) // 2]


def _summary(model: str, grades: Sequence[dict[str, Any]]) -> dict[str, Any]:
    tasks = sorted({row["task"] for row in grades})
    return {
        "benchmark": "test",
        "model": f"local:runs/demo/{model}",
        "style": "terse",
        "grader": "strict",
        **_figures(grades),
        "by_task": {task: _figures([row for row in grades if row["task"] == task]) for task in tasks},
        "baselines": {"copy the first argument": 4.2, "most frequent answer": 6.5},
    }


def _figures(grades: Sequence[dict[str, Any]]) -> dict[str, Any]:
    outcomes = Counter(dict.fromkeys(VERDICTS, 0)) + Counter(row["outcome"] for row in grades)
    share = outcomes["correct"] / max(1, len(grades))
    half = 1.96 * math.sqrt(share * (1 - share) / max(1, len(grades)))
    return {
        "n_questions": len(grades),
        "n_answers": len(grades),
        "pass@1": 100 * share,
        "interval": [max(0.0, 100 * (share - half)), min(100.0, 100 * (share + half))],
        "outcomes": {verdict: outcomes[verdict] for verdict in VERDICTS},
    }


def _write_histories(folder: Path) -> None:
    for model, steps in (("sft", 240), ("control", 160), ("grpo", 120)):
        rows = "".join(json.dumps(row) + "\n" for row in _history(model, steps))
        write_whole(folder / model / "history.jsonl", rows)
        write_whole(folder / model / "codereasoner.json", json.dumps({"style": "terse"}))
        write_manifest(folder / model, {"config": {"steps": steps}, "seconds": steps * 0.61, "seed": 7})
    write_whole(folder / "base" / "codereasoner.json", json.dumps({"style": "terse"}))


def _history(model: str, steps: int) -> Iterator[dict[str, float]]:
    random = Random(model)
    for step in range(1, steps + 1):
        row = {"step": step, "seconds": step * 0.61, "tokens": step * 2048, "learning_rate": 1e-3 * (1 - step / steps)}
        rise = 1 - math.exp(-3 * step / steps)
        if model != "grpo":
            yield row | {"loss": (0.4 if model == "control" else 2.6) * (1.05 - rise) + 0.05 * random.random()}
            continue
        noise = 0.08 * (random.random() - 0.5)
        yield row | {
            "loss": noise,
            "reward": 0.5 + 0.22 * rise + noise,
            "reward_seconds": 0.004,
            "zero_variance": 0.3 + 0.25 * rise + 2 * noise,
            "truncated": max(0.0, 0.06 * (1 - rise) + noise / 4),
            "completion_tokens": 140 - 35 * rise + 60 * noise,
        }
