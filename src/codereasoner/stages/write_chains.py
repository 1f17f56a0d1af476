"""chains.jsonl: reasoning that leads to the answers, narrated from traces or written by a teacher."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner import extend
from codereasoner.chains.narrator import Detail, narrate
from codereasoner.chains.rejection_sampling import teach
from codereasoner.errors import DataError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Model, Progress, Sampling, silent
from codereasoner.ledger import Ledger, fingerprint, read_records
from codereasoner.records import Chain, Run
from codereasoner.stages.engine import Engine, InProcess, batches_of
from codereasoner.stages.named_tasks import task_names
from codereasoner.stages.progress import tell
from codereasoner.stages.stage_options import NARRATOR, ChainOptions
from codereasoner.styles import Style, chosen_style
from codereasoner.task import Question

TOGETHER = 64  # chains in one batch

Told: TypeAlias = tuple[Question, Run, tuple[Run, ...]]
"""A question, the run it was asked about, and other runs of the same program."""


@dataclass(frozen=True)
class Teacher:
    """A model that writes chains: `samples` of them per question, until one leads to the right answer."""

    model: Model
    style: Style
    samples: int
    sampling: Sampling


def find_teacher(options: ChainOptions, endpoint: Mapping[str, Any], control: Mapping[str, Any]) -> Teacher | None:
    """Return the teacher that the options name; None: the narrator."""
    if options.by == NARRATOR:
        return None
    return Teacher(
        extend.find("model", options.by, **endpoint),
        chosen_style(options.style).with_system(options.system),
        options.samples,
        Sampling(options.temperature, options.top_p, options.max_tokens, **control),
    )


def narrate_chains(
    questions: Path,
    runs: Path,
    out: Path,
    tasks: Sequence[str],
    detail: Detail,
    progress: Progress = silent,
    engine: Engine | None = None,
    attempts: int = 3,
    split: str = "",
    limit: int = ChainOptions.max_characters,
) -> None:
    """Write the narrator's chain for each question of these tasks, and of the split if one is given.

    A chain that looks for an input first tries up to `attempts` other calls of the same program. A chain longer than
    `limit` characters is folded (0 never folds). The manifest says how long the chains are.
    """
    tasks = task_names(tasks, questions)
    config = {"questions": fingerprint(questions), "runs": fingerprint(runs), "tasks": tasks, "detail": detail}
    ledger = Ledger(
        out, config | {"by": "narrator", "attempts": attempts, "split": split, "limit": limit}, key="question"
    )
    if ledger.done:
        return
    total = sum(1 for _ in _of_tasks(questions, tasks, split))
    with ledger:
        told = (each for each in _with_runs(_of_tasks(questions, tasks, split), runs) if each[0].id not in ledger)
        work = partial(narrate_batch, detail, attempts, limit)
        for chains in (engine or InProcess()).map(work, batches_of(told, TOGETHER)):
            for chain in chains:
                ledger.append(chain)
                tell(progress, len(ledger), total, "questions answered")
        ledger.extra["not_told"] = _of_other_tasks(questions, tasks, split)
        ledger.extra["characters"] = lengths(len(row["text"]) for row in ledger.rows())
        ledger.finish()


def lengths(found: Iterable[int]) -> dict[str, int]:
    """Return the median, the 95th percentile and the maximum; nothing for no lengths."""
    ordered = sorted(found)
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {"median": ordered[last // 2], "95 %": ordered[last * 95 // 100], "longest": ordered[last]}


def narrate_batch(detail: Detail, attempts: int, limit: int, told: Sequence[Told]) -> list[Chain]:
    """Return the narrator's chain for each of these questions."""
    return [
        narrate(question, run, detail, _attempts(question, run, others, attempts), limit)
        for question, run, others in told
    ]


def teach_chains(
    questions: Path,
    out: Path,
    tasks: Sequence[str],
    teacher: Teacher,
    pool: Pool,
    progress: Progress = silent,
    split: str = "",
    first: int = 0,
) -> None:
    """Write a teacher's chains, each kept because the answer it led to was verified.

    The manifest has the share of questions with a chain by task and difficulty. With `first`, only the first questions
    are tried, and the manifest has what `projected` needs.
    """
    tasks = task_names(tasks, questions)
    config = {
        "questions": fingerprint(questions),
        "tasks": tasks,
        "by": teacher.model.identity,
        "split": split,
        "style": teacher.style.name,
        "samples": teacher.samples,
        "sampling": teacher.sampling.facts(),
    }
    ledger = Ledger(out, config | ({"first": first} if first else {}), key="question")
    if ledger.done:
        return
    spent: Counter[str] = Counter()

    def asked() -> Iterator[Question]:
        return islice(_of_tasks(questions, tasks, split), first or None)

    with ledger:
        every = sum(1 for _ in _of_tasks(questions, tasks, split))
        total = min(every, first or every)
        missing = (question for question in asked() if question.id not in ledger)
        taught = teach(missing, teacher.model, teacher.style, pool.run, teacher.samples, teacher.sampling, spent)
        for question, chain, grade in taught:
            if chain is None:
                ledger.drop({"question": question.id}, grade.reason or grade.outcome)
            else:
                ledger.append(chain)
            tell(progress, len(ledger), total, "questions taught")
        accepted = {row["question"] for row in ledger.rows()}
        ledger.extra["not_told"] = _of_other_tasks(questions, tasks, split)
        ledger.extra["accepted"] = acceptance(asked(), accepted)
        if first:
            dollars = teacher.model.cost(spent["prompt_tokens"], spent["completion_tokens"])
            ledger.extra["trial"] = {
                "asked": total,
                "of": every,
                "accepted": len(accepted),
                "dollars": dollars,
                **spent,
            }
        ledger.finish()


def projected(trial: Mapping[str, Any]) -> str:
    """Say what a trial found, and what the whole set would give and cost at that rate."""
    asked, every = trial["asked"], trial["of"]
    times = every / max(1, asked)
    tokens = trial.get("prompt_tokens", 0) + trial.get("completion_tokens", 0)
    money = f" and ${trial['dollars'] * times:,.2f}" if trial["dollars"] else ""
    share = trial["accepted"] / max(1, asked)
    return (
        f"{trial['accepted']:,} of {asked:,} questions accepted ({share:.0%}) for {tokens:,} tokens; "
        f"all {every:,} would give about {share * every:,.0f} chains for {tokens * times:,.0f} tokens{money}"
    )


def acceptance(questions: Iterable[Question], accepted: Iterable[str]) -> dict[str, dict[str, float]]:
    """Count the questions with a chain by task, and by task and difficulty ("output@3")."""
    known = frozenset(accepted)
    asked: Counter[str] = Counter()
    taught: Counter[str] = Counter()
    for question in questions:
        names = [question.task]
        if difficulty := question.features.get("difficulty"):
            names.append(f"{question.task}@{difficulty}")
        asked.update(names)
        if question.id in known:
            taught.update(names)
    return {
        name: {"asked": count, "accepted": taught[name], "share": round(taught[name] / count, 4)}
        for name, count in sorted(asked.items())
    }


def _of_tasks(questions: Path, tasks: Sequence[str], split: str) -> Iterator[Question]:
    """Yield the questions of these tasks in one split; "" is every split."""
    for question in extend.read_questions(questions):
        if question.task in tasks and split in ("", question.split):
            yield question


def _of_other_tasks(questions: Path, tasks: Sequence[str], split: str) -> dict[str, int]:
    """Count the questions of the split that get no chain because of their task."""
    found = Counter(each.task for each in read_records(questions, Question) if split in ("", each.split))
    return {task: count for task, count in sorted(found.items()) if task not in tasks}


def _attempts(question: Question, run: Run, others: Sequence[Run], most: int) -> list[Run]:
    """Return the calls of the same program that are tried before the right one, the shortest first, `most` at most.

    Only calls shorter than the right one are tried, so their number varies and does not give the answer away.
    """
    if not most or extend.task_of(question).direction == "forward":
        return []
    order = sorted({each.call: each for each in [*others, run]}.values(), key=lambda each: (len(each.call), each.call))
    before = order[: next(place for place, each in enumerate(order) if each.call == run.call)]
    return [each for each in before if each.value != run.value][-most:]


def _with_runs(questions: Iterable[Question], runs: Path) -> Iterator[Told]:
    """Yield each question with its run and the others of the program; questions have the order of the runs."""
    programs = groupby(read_records(runs, Run), key=lambda run: (run.source, run.entry))
    group: dict[str, Run] = {}
    for question in questions:
        while question.run not in group:
            found = next(programs, None)
            if found is None:
                raise DataError(f"{runs} has no run '{question.run}' for question '{question.id}', or in another order")
            group = {run.id: run for run in found[1]}
        yield question, group[question.run], tuple(group.values())
