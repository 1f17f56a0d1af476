"""The stages that build data: programs -> runs -> questions -> chains -> rows. Each reads one file and writes the next.

A stage is a function of its input file, its output file and plain options. It appends as it goes, continues where a
killed one stopped, and does nothing when its output is there, made from the same input with the same options.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner import extend
from codereasoner.chains.narrate import Detail, narrate
from codereasoner.chains.teach import teach
from codereasoner.errors import ConfigError, DataError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Model, Progress, Sampling, Source, silent
from codereasoner.ledger import Ledger, fingerprint, read_manifest, read_records
from codereasoner.programs.filters import drop_reason
from codereasoner.records import Chain, Job, Program, Run
from codereasoner.styles import Style
from codereasoner.task import Question
from codereasoner.training.rows import grpo_row, sft_row

Part: TypeAlias = tuple[str, int, Source]
"""So many programs of this split, from this source."""


def write_programs(out: Path, parts: Sequence[Part], config: Mapping[str, Any], progress: Progress = silent) -> None:
    """programs.jsonl: the programs of every part, each program once."""
    ledger = Ledger(out, {**config, "parts": [[split, count] for split, count, _ in parts]})
    if ledger.done:
        return
    total = sum(count for _, count, _ in parts)
    with ledger:
        for split, count, source in parts:
            for program in source.programs(split, count):
                ledger.append(program)
                _tell(progress, len(ledger), total, "programs written")
        ledger.finish()


def trace_programs(programs: Path, out: Path, pool: Pool, progress: Progress = silent) -> None:
    """runs.parquet: every call of every program, run and traced; what no question can be asked about is dropped."""
    ledger = Ledger(out, {"programs": fingerprint(programs)}, json_columns=("steps", "lines"))
    if ledger.done:
        return
    total = sum(len(program.calls) for program in read_records(programs, Program))
    with ledger:
        waiting: deque[Program] = deque()

        def jobs() -> Iterator[Job]:
            for program in read_records(programs, Program):
                for call in program.calls:
                    if Run(program.source, program.entry, call, "ok").id not in ledger:
                        waiting.append(program)
                        yield Job(program.source, program.entry, call, record="trace")

        for run in pool.stream(jobs()):
            program = waiting.popleft()
            # Without its CPU time a run is the same bytes on every try.
            difficulty = int(program.features.get("difficulty", 0))
            run = replace(run, program=program.id, split=program.split, difficulty=difficulty, cpu_ms=0.0)
            if reason := drop_reason(program, run):
                ledger.drop(replace(run, steps=()), reason)
            else:
                ledger.append(run)
            _tell(progress, len(ledger), total, "calls traced")
        ledger.finish()


def ask_questions(runs: Path, out: Path, tasks: Sequence[str], progress: Progress = silent) -> None:
    """questions.jsonl: what each task asks about each run, in the order of the runs.

    The manifest counts, by reason, what the tasks left out because it has no well-defined answer.
    """
    asking = [extend.task(name) for name in tasks]
    ledger = Ledger(out, {"runs": fingerprint(runs), "tasks": list(tasks)})
    if ledger.done:
        return
    total = counts(runs).get("kept", 0)
    left_out: Counter[str] = Counter()
    with ledger:
        for done, run in enumerate(read_records(runs, Run), start=1):
            for task in asking:
                questions, skipped = task.survey(run)
                left_out.update({f"{task.name}: {reason}": count for reason, count in skipped.items()})
                for question in questions:
                    ledger.append(question)
            _tell(progress, done, total, "runs asked about")
        ledger.extra["left_out"] = dict(left_out.most_common())
        ledger.finish()


def narrate_chains(
    questions: Path, runs: Path, out: Path, tasks: Sequence[str], detail: Detail, progress: Progress = silent
) -> None:
    """chains.jsonl: the narrator's chain for each question of these tasks, from the trace it was asked about."""
    config = {"questions": fingerprint(questions), "runs": fingerprint(runs), "tasks": list(tasks), "detail": detail}
    ledger = Ledger(out, config | {"by": "narrator"}, key="question")
    if ledger.done:
        return
    total = sum(1 for _ in _of_tasks(questions, tasks))
    with ledger:
        for done, (question, run) in enumerate(_with_runs(_of_tasks(questions, tasks), runs), start=1):
            if question.id not in ledger:
                ledger.append(narrate(question, run, detail))
            _tell(progress, done, total, "questions answered")
        ledger.finish()


def teach_chains(
    questions: Path,
    out: Path,
    tasks: Sequence[str],
    teacher: Model,
    style: Style,
    tries: int,
    sampling: Sampling,
    pool: Pool,
    progress: Progress = silent,
) -> None:
    """chains.jsonl: a teacher's chains, each kept because the answer it led to was verified."""
    config = {"questions": fingerprint(questions), "tasks": list(tasks), "by": teacher.identity, "tries": tries}
    ledger = Ledger(out, config | {"style": style.name, "sampling": vars(sampling)}, key="question")
    if ledger.done:
        return
    with ledger:
        missing = [question for question in _of_tasks(questions, tasks) if question.id not in ledger]
        total = len(missing) + len(ledger)
        for question, chain, grade in teach(missing, teacher, style, pool.run, tries, sampling):
            if chain is None:
                ledger.drop({"question": question.id}, grade.reason or grade.outcome)
            else:
                ledger.append(chain)
            _tell(progress, len(ledger), total, "questions taught")
        ledger.finish()


def write_sft_rows(
    questions: Path, chains: Path, out: Path, style: Style, direct: Sequence[str] = (), split: str = "train"
) -> None:
    """sft.parquet: a prompt and the completion to learn for each question of the split.

    Questions of the `direct` tasks are answered without reasoning; one of another task that has no chain is dropped.
    """
    config = {"questions": fingerprint(questions), "chains": fingerprint(chains), "direct": list(direct)}
    ledger = Ledger(out, config | {"style": style.name, "split": split})
    if ledger.done:
        return
    texts = {chain.question: chain.text for chain in read_records(chains, Chain)}
    with ledger:
        for question in _of_split(questions, split):
            if question.task in direct:
                ledger.append(sft_row(question, None, style))
            elif question.id in texts:
                ledger.append(sft_row(question, texts[question.id], style))
            else:
                ledger.drop({"id": question.id}, "no chain")
        ledger.finish()


def write_grpo_rows(questions: Path, out: Path, style: Style, tasks: Sequence[str], split: str = "rl") -> None:
    """grpo.parquet: a prompt and its question for each question of these tasks in the split.

    A task may name the difficulties it wants: "input@5", "output@1-3".
    """
    ledger = Ledger(
        out, {"questions": fingerprint(questions), "tasks": list(tasks), "style": style.name, "split": split}
    )
    if ledger.done:
        return
    wanted = [_parse_wanted(text) for text in tasks]
    with ledger:
        for question in _of_split(questions, split):
            difficulty = question.features.get("difficulty", 0)
            if any(question.task == task and low <= difficulty <= high for task, low, high in wanted):
                ledger.append(grpo_row(question, style))
        ledger.finish()


def _parse_wanted(text: str) -> tuple[str, float, float]:
    """ "input@3-5" as the task and the lowest and highest difficulty.

    Raises:
        ConfigError: what follows the @ is no difficulty. UnknownName: there is no such task.
    """
    name, at, levels = text.partition("@")
    extend.task(name)
    if not at:
        return name, 0, math.inf
    low, _, high = levels.partition("-")
    if not (low.isdigit() and (high or low).isdigit()):
        raise ConfigError(f"'{text}' is no task with difficulties: write input, input@5 or input@3-5")
    return name, int(low), int(high or low)


def counts(out: Path) -> dict[str, Any]:
    """What the manifest of an output counts: kept, dropped, and the reasons."""
    manifest = read_manifest(out) or {}
    return {**manifest.get("counts", {}), "drops": manifest.get("drops", {})}


def _of_tasks(questions: Path, tasks: Sequence[str]) -> Iterator[Question]:
    return (question for question in read_records(questions, Question) if question.task in tasks)


def _of_split(questions: Path, split: str) -> Iterator[Question]:
    return (question for question in read_records(questions, Question) if question.split == split)


def _with_runs(questions: Iterable[Question], runs: Path) -> Iterator[tuple[Question, Run]]:
    """Each question with its run. Questions stand in the order of the runs, so one pass over the runs is enough."""
    records = read_records(runs, Run)
    run = next(records, None)
    for question in questions:
        while run is not None and run.id != question.run:
            run = next(records, None)
        if run is None:
            raise DataError(f"{runs} has no run '{question.run}' for question '{question.id}', or in another order")
        yield question, run


def _tell(progress: Progress, done: int, total: int, what: str) -> None:
    if done % 50 == 0 or done == total:
        progress(done / max(total, 1), f"{done:,} of {total:,} {what}")
