"""The blocks of the question browser, packed so that ten thousand questions open at once.

The page holds an index of all questions, and details in chunks that it unpacks when a question is opened:

    index      columns over the questions: id, task, split, program, run, label, outcomes by model
    programs   the distinct sources, for the search
    details-N  for each question: its prompt without the program, gold answers, features, chains, graded answers
    runs-N     traces
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from codereasoner import extend
from codereasoner.chains.callers import WRAPPED, waits_for
from codereasoner.chains.events import read_events
from codereasoner.chains.statement_lines import Scope, scopes
from codereasoner.records import Run, Step
from codereasoner.reports.answer_traces import run_id
from codereasoner.reports.question_records import SAMPLES, TEXT_LIMIT, VALUE_LIMIT, Gathered, Shown, clip
from codereasoner.steps.source import parse_source
from codereasoner.task import Question

CHUNK = 100  # questions, or traces, that are unpacked together
LABEL_LIMIT = 160  # characters of a question in the list
STEP_LIMIT = 1_000  # steps of one trace

_NUMBERED = re.compile(r"\s*(\d{1,6})\b[:|.]?(.*)", re.DOTALL)


def browser(found: Gathered) -> dict[str, object]:
    """Return the blocks of the browser by name."""
    about = [run_id(item.question) for item in found.shown.values()]
    shown = list(dict.fromkeys(name for name in about if name in found.runs))
    runs = {name: number for number, name in enumerate(shown)}
    programs: dict[str, int] = {}
    for item in found.shown.values():
        programs.setdefault(_source(item.question), len(programs))
    details = [_detail(item) for item in found.shown.values()]
    traces = [_trace(found.runs[name]) for name in shown]
    places = [runs.get(name, -1) for name in about]
    blocks: dict[str, object] = {"index": _index(found, programs, places), "programs": list(programs)}
    for name, rows in (("details", details), ("runs", traces)):
        for start in range(0, len(rows), CHUNK):
            blocks[f"{name}-{start // CHUNK}"] = rows[start : start + CHUNK]
    return blocks


def _index(found: Gathered, programs: Mapping[str, int], runs: Sequence[int]) -> dict[str, object]:
    items = list(found.shown.values())
    questions = [item.question for item in items]
    return {
        "total": found.total,
        "chunk": CHUNK,
        "models": list(found.models),
        "lists": dict(found.lists),
        "labels": {task: extend.task_label(task) for task in {question.task for question in questions}},
        "id": [item.name for item in items],
        "task": [question.task for question in questions],
        "split": [item.group for item in items],
        "label": [label_of(question) for question in questions],
        "gold": [clip(question.gold[0] if question.gold else "", LABEL_LIMIT) for question in questions],
        "program": [programs[_source(question)] for question in questions],
        "run": list(runs),
        "outcomes": {name: [item.outcomes.get(name, "") for item in items] for name in found.models},
        "mistakes": {name: [item.mistakes.get(name, "") for item in items] for name in found.models},
    }


def _detail(item: Shown) -> dict[str, object]:
    question = item.question
    return {
        "asked": clip(prompt_without_program(question).strip(), TEXT_LIMIT),
        "gold": [clip(gold, VALUE_LIMIT) for gold in question.gold[:SAMPLES]],
        "features": dict(question.features),
        "chains": [{"by": chain.by, "text": clip(chain.text, TEXT_LIMIT)} for chain in item.chains],
        "answers": item.answers,
    }


def prompt_without_program(question: Question) -> str:
    """Return the prompt without the program: for most tasks the assertion that lacks a part."""
    task = extend.known_task(question)
    if task is None:
        return ", ".join(f"{name} = {value}" for name, value in question.facts.items() if name != "source")
    statement, source = task.statement(question), _source(question).rstrip()
    lines = source.split("\n")
    kept = [line for line in statement.removeprefix(source).split("\n") if not _repeats(line, lines)]
    return "\n".join(kept)


def _repeats(line: str, source: Sequence[str]) -> bool:
    """Return whether a line of a prompt is a numbered line of the program, which the page shows anyway."""
    found = _NUMBERED.match(line)
    number = int(found.group(1)) if found else 0
    return bool(found and 0 < number <= len(source) and found.group(2).strip() == source[number - 1].strip())


def _source(question: Question) -> str:
    return str(question.facts.get("source", ""))


def label_of(question: Question) -> str:
    """Return the line that names a question in a list: the last one of its prompt."""
    return clip(prompt_without_program(question).strip().rpartition("\n")[2].removeprefix("assert "), LABEL_LIMIT)


def _trace(run: Run) -> dict[str, object]:
    """Return a trace for the page."""
    return {
        "call": clip(run.expression, VALUE_LIMIT),
        "outcome": run.outcome,
        "value": None if run.value is None else clip(run.value, VALUE_LIMIT),
        "exception": run.exception,
        "stdout": clip(run.stdout, VALUE_LIMIT),
        "cut": run.cut or ("steps" if len(run.steps) > STEP_LIMIT else ""),
        "steps": [
            [
                event,
                step.frame,
                line,
                {name: clip(value, VALUE_LIMIT) for name, value in step.changes.items()},
                list(step.removed),
                clip(value, VALUE_LIMIT),
            ]
            for step, event, line, value in islice(_told(run), STEP_LIMIT)
        ],
    }


def _told(run: Run) -> Iterator[tuple[Step, str, int, str]]:
    """Yield each step with its event, line and value as a person would tell them.

    A coroutine that waits does not yield, a generator that goes on is not called again, and the exception by which
    Python ends an iteration or an `await` is none.
    """
    known = scopes(run.source) if parse_source(run.source) else {}
    raised = _raised(run)
    owners: dict[int, tuple[str, Scope | None]] = {}
    lines: dict[int, int] = {}
    for step in run.steps:
        event: str = step.event
        line, value = step.line, "a value" if step.value == WRAPPED else step.value
        if event == "call" and step.frame in owners:
            event, line = "resume", lines[step.frame]
        elif event == "call":
            owners[step.frame] = (step.value, known.get((step.value, step.line)))
        elif waits_for(step, *owners.get(step.frame, ("", None))):
            event = "wait"
        elif event == "exception" and raised is not None and not raised[step.frame, step.line, step.value]:
            event, value = "closed" if step.value.startswith("GeneratorExit") else "done", ""
        elif event == "exception" and raised is not None:
            raised[step.frame, step.line, step.value] -= 1
        lines[step.frame] = line
        yield step, event, line, value


def _raised(run: Run) -> Counter[tuple[int, int, str]] | None:
    """Count the exceptions that are none of Python's own ends, by frame, line and value; None: all are, or may be."""
    exceptions = [step.value for step in run.steps if step.event == "exception"]
    if (
        run.cut
        or parse_source(run.source) is None
        or not any(each.startswith(("StopIteration", "StopAsync", "GeneratorExit")) for each in exceptions)
    ):
        return None
    events = (each for each in read_events(run) if each.kind == "exception")
    return Counter((each.frame, each.line, each.value) for each in events)
