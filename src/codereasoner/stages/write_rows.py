"""sft.parquet and grpo.parquet: the rows that trainers read."""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from codereasoner import extend
from codereasoner.curation.difficulty import difficulty_of
from codereasoner.errors import ConfigError
from codereasoner.ledger import Ledger, Line, fingerprint, line_of, read_records
from codereasoner.plugin_files import is_reference
from codereasoner.records import Chain
from codereasoner.spill import Rows
from codereasoner.stages.engine import Engine, map_each
from codereasoner.stages.named_tasks import task_names
from codereasoner.stages.stage_options import RowOptions
from codereasoner.styles import Style, chosen_style
from codereasoner.task import Question
from codereasoner.training.training_rows import grpo_row, sft_row

BATCH = 256  # rows in one batch


def write_rows(
    questions: Path,
    chains: Path,
    sft: Path,
    grpo: Path,
    options: RowOptions,
    rl_tasks: Sequence[str],
    engine: Engine | None = None,
) -> None:
    """Write both files of training rows in the style of the options."""
    style = chosen_style(options.style).with_system(options.system)
    if is_reference(style.base):  # another process does not have the user's file
        engine = None
    for text in rl_tasks:
        _parse_wanted(text, questions)  # before the rows for SFT are written
    _grpo_ledger(questions, grpo, style.with_direct(task_names(options.direct, questions)), rl_tasks).is_complete()
    write_sft_rows(questions, chains, sft, style, options.direct, engine=engine)
    write_grpo_rows(questions, grpo, style, rl_tasks, direct=options.direct, engine=engine)


def write_sft_rows(
    questions: Path,
    chains: Path,
    out: Path,
    style: Style,
    direct: Sequence[str] = (),
    split: str = "train",
    tasks: Sequence[str] | None = None,
    engine: Engine | None = None,
) -> None:
    """Write a prompt and the completion to learn for each question of the split, or of these tasks in it.

    Questions of the `direct` tasks are answered without reasoning; one of another task that has no chain is dropped.
    """
    direct = task_names(direct, questions)
    style = style.with_direct(direct)
    config = {"questions": fingerprint(questions), "chains": fingerprint(chains), "direct": direct}
    if tasks is not None:
        config["tasks"] = tasks = task_names(tasks, questions)
    ledger = Ledger(out, config | {"style": style.name, "split": split})
    if ledger.is_complete():
        return
    found = Rows((chain.question, [chain.text, chain.answer]) for chain in read_records(chains, Chain))
    with ledger:
        asked = (
            (question, None if question.task in direct else found.get(question.id) or ())
            for question in _of_split(questions, split)
            if question.id not in ledger and (tasks is None or question.task in tasks)
        )
        for line in map_each(engine, partial(_sft_lines, style), asked, BATCH):
            if isinstance(line, Line):
                ledger.append(line)
            else:
                ledger.drop({"id": line}, "no chain")
        ledger.finish()


def _sft_lines(style: Style, asked: Iterable[tuple[Question, Sequence[str] | None]]) -> Iterator[Line | str]:
    """Yield the row of each question with its chain and answer (None: it is direct), or its id if it has no chain."""
    for question, chain in asked:
        if chain is None:
            yield line_of(sft_row(question, None, style))
        elif chain:
            yield line_of(sft_row(question, chain[0], style, chain[1]))
        else:
            yield question.id


def write_grpo_rows(
    questions: Path,
    out: Path,
    style: Style,
    tasks: Sequence[str],
    split: str = "rl",
    direct: Sequence[str] = (),
    engine: Engine | None = None,
) -> None:
    """Write a prompt and its question for each question of these tasks in the split.

    A task may name the difficulties it wants: "input@5", "output@1-3". Prompts of the `direct` tasks ask for no
    reasoning.
    """
    style = style.with_direct(task_names(direct, questions))
    wanted = [_parse_wanted(text, questions) for text in tasks]
    ledger = _grpo_ledger(questions, out, style, tasks, split)
    if ledger.is_complete():
        return

    def is_wanted(question: Question) -> bool:
        difficulty = difficulty_of(question.features)
        return any(question.task == task and low <= difficulty <= high for task, low, high in wanted)

    with ledger:
        asked = (each for each in _of_split(questions, split) if each.id not in ledger and is_wanted(each))
        for line in map_each(engine, partial(_grpo_lines, style), asked, BATCH):
            ledger.append(line)
        ledger.finish()


def _grpo_ledger(questions: Path, out: Path, style: Style, tasks: Sequence[str], split: str = "rl") -> Ledger:
    config = {"questions": fingerprint(questions), "tasks": list(tasks), "style": style.name, "split": split}
    return Ledger(out, config)


def _grpo_lines(style: Style, asked: Iterable[Question]) -> Iterator[Line]:
    return (line_of(grpo_row(question, style)) for question in asked)


def _parse_wanted(text: str, questions: Path) -> tuple[str, float, float]:
    """Return the task, and the lowest and highest difficulty, of "input@3-5"."""
    given, at, levels = text.partition("@")
    [name] = task_names([given], questions)
    if not at:
        return name, 0, math.inf
    low, _, high = levels.partition("-")
    if not (low.isdigit() and (high or low).isdigit()):
        raise ConfigError(f"'{text}' is not a task with difficulties: write input, input@5 or input@3-5")
    return name, int(low), int(high or low)


def _of_split(questions: Path, split: str) -> Iterator[Question]:
    return (question for question in extend.read_questions(questions) if question.split == split)
