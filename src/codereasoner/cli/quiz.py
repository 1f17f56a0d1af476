"""quiz: does this model read this function right, and where does it first go wrong?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from codereasoner import extend
from codereasoner.cli.annotated_source import annotated, result
from codereasoner.cli.console import Screen, styled
from codereasoner.cli.option_types import COUNT, NOT_NEGATIVE
from codereasoner.cli.options import (
    Stage,
    bar,
    console,
    control_options,
    endpoint_options,
    json_option,
    open_pool,
    print_json,
    weak_option,
)
from codereasoner.cli.style_options import style_option, system_option
from codereasoner.cli.trace_view import split_call
from codereasoner.evaluation.error_rules import KINDS
from codereasoner.evaluation.quiz_questions import TASKS, Reply, questions_about, quiz, settled, traced
from codereasoner.execution.pool import Pool
from codereasoner.extend import Model, Sampling
from codereasoner.records import Run
from codereasoner.reports.chain_truth import check_claims
from codereasoner.reports.question_browser import asked
from codereasoner.steps import read_source
from codereasoner.styles import find_style
from codereasoner.task import Question

AROUND = 6  # lines of a chain that are shown on either side of its first false claim
SIDE_BY_SIDE = 130  # columns of a terminal
_MARKS = {"correct": ("green", "✓"), "wrong": ("red", "✗"), "no_answer": ("yellow", "∅"), "truncated": ("magenta", "…")}


@click.command("quiz", cls=Stage)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("call")
@click.option("--model", required=True, help="A path or Hub name, openai:NAME, gguf:FILE, smollm2, scripted:gold.")
@click.option("--task", "tasks", multiple=True, default=TASKS, show_default=True, help="Repeat it.")
@endpoint_options
@control_options
@style_option()
@system_option
@click.option("--temperature", type=NOT_NEGATIVE, default=0.0, show_default=True)
@click.option("--max-tokens", type=COUNT, help="Of an answer; the model's own limit, or 2048.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of sampling.")
@weak_option
@json_option
def quiz_command(
    file: Path,
    call: str,
    model: str,
    tasks: tuple[str, ...],
    endpoint: dict[str, Any],
    control: dict[str, Any],
    style: str | None,
    system: str | None,
    temperature: float,
    max_tokens: int | None,
    seed: int,
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Ask a model about one call of a function of yours, and show where it first goes wrong beside the true trace.

    \b
    codereasoner quiz prices.py "total([3, 4], rate=0.2)" --model runs/demo/sft
    """
    entry, arguments = split_call(call)
    answering: Model = extend.find("model", model, **endpoint)
    way = find_style(style or answering.style or "reasoning").with_system(system)
    sampling = Sampling(temperature, max_tokens=max_tokens or answering.max_tokens or 2048, seed=seed, **control)
    with open_pool(1, allow_weak_isolation) as pool:
        run = traced(read_source(file), entry, arguments, pool.run)
        with Pool(workers=1, allow_weak_isolation=allow_weak_isolation, hash_seed=1) as again:
            tasks, warning = settled(run, tasks, again.run)
        if warning:
            console.print(styled("yellow", warning))
        questions = questions_about(run, tasks)
        with bar(f"{len(questions)} questions"):
            replies = quiz(run, questions, answering, way, sampling, pool.run)
    if as_json:
        print_json({"model": answering.identity, "call": run.expression, "value": run.value, **_summary(replies, run)})
        return
    out = Screen()
    out.print(_table(replies))
    out.print(_score(replies))
    _show_first_mistake(out, replies, run)


def _summary(replies: Sequence[Reply], run: Run) -> dict[str, Any]:
    rows = []
    for reply in replies:
        checked = check_claims(reply.question, reply.text, run)
        rows.append(
            {
                "task": reply.question.task,
                "question": asked(reply.question).strip(),
                "gold": list(reply.question.gold),
                "text": reply.text,
                **reply.grade.to_json(),
                "mistake": reply.mistake.to_json() if reply.mistake else None,
                "claims": {"true": checked.true, "checked": checked.checked, "first_false": checked.false},
            }
        )
    right = sum(reply.grade.outcome == "correct" for reply in replies)
    return {"right": right, "asked": len(replies), "questions": rows}


def _table(replies: Sequence[Reply]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for column in ("task", "question", "answer", "right answer", ""):
        table.add_column(column, overflow="fold")
    for reply in replies:
        right = reply.grade.outcome == "correct"
        words = _words(reply.question)
        gold = "" if right else _cut(reply.question.gold[0])
        answer = reply.grade.answer if reply.grade.answer is not None else reply.grade.outcome.replace("_", " ")
        found = KINDS[reply.mistake.kind] if reply.mistake else ""
        mark = styled(*_MARKS.get(reply.grade.outcome, ("red", "!")))
        table.add_row(mark, reply.question.task, Text(words), Text(_cut(answer)), Text(gold), Text(found, style="red"))
    return table


def _words(question: Question) -> str:
    """Return the question without the program: `x after line 3, time 2?`; `returns? and 4 more` where it is several."""
    lines = asked(question).strip().split("\n")
    more = len(list(takewhile(lambda line: line.startswith("# "), reversed(lines))))
    words = lines[-1 - more].removeprefix("assert ").rpartition("  # ")[2]
    return f"{words} and {more} more" if more else words


def _score(replies: Sequence[Reply]) -> Text:
    asked_of = Counter(reply.question.task for reply in replies)
    right = Counter(reply.question.task for reply in replies if reply.grade.outcome == "correct")
    parts = ", ".join(f"{task} {right[task]}/{count}" for task, count in asked_of.items())
    return Text.assemble((f"{right.total()} of {len(replies)} right", "bold"), f": {parts}")


def _show_first_mistake(out: Screen, replies: Sequence[Reply], run: Run) -> None:
    """The first wrong answer with a mistake: its chain around the first false claim, beside the annotated source."""
    reply = next((each for each in replies if each.mistake is not None), None)
    if reply is None or reply.mistake is None:
        out.print(annotated(run))
        out.print(result(run))
        return
    found = reply.mistake
    note = f"{KINDS[found.kind]}: {found.why}"
    out.print()
    out.print(Text.assemble(("first goes wrong", "bold red"), f" in the question about {reply.question.task}: {note}"))
    trace = Group(annotated(run, {found.line: KINDS[found.kind]} if found.line else None), result(run))
    said, happened = Panel(_excerpt(reply, run), title="what the model says"), Panel(trace, title="what happens")
    if out.width < SIDE_BY_SIDE:
        out.print(said, happened)
        return
    both = Table.grid(expand=True, padding=(0, 1))
    both.add_column(ratio=2)
    both.add_column(ratio=3)
    both.add_row(said, happened)
    out.print(both)


def _excerpt(reply: Reply, run: Run) -> Text:
    """The chain around its first false claim, which is marked; its beginning where none is false."""
    checked = check_claims(reply.question, reply.text, run)
    if checked.false is None:
        return Text(_lines(reply.text, 0, 2 * AROUND))
    start, end = int(str(checked.false["start"])), int(str(checked.false["end"]))
    line = reply.text.count("\n", 0, start)
    first = max(0, line - AROUND)
    offset = sum(len(each) + 1 for each in reply.text.split("\n")[:first])
    shown = Text(_lines(reply.text, first, 2 * AROUND + 1))
    shown.stylize("bold white on red", start - offset, end - offset)
    return Text.assemble(shown, "\n\n", (f"{checked.true} of the {checked.checked} claims are true", "dim"))


def _lines(text: str, first: int, count: int) -> str:
    lines = text.split("\n")
    shown = "\n".join(lines[first : first + count])
    return shown + ("\n…" if len(lines) > first + count else "")


def _cut(text: str) -> str:
    flat = " ⏎ ".join(text.split("\n"))
    return flat if len(flat) <= 60 else f"{flat[:59]}…"
