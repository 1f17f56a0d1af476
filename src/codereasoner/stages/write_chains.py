"""chains.jsonl: reasoning that leads to the answers, narrated from traces or written by a teacher."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import TypeAlias

from codereasoner import extend
from codereasoner.chains.input_search import NOT_FOUND, search_calls, searches
from codereasoner.chains.narrator import Detail, narrate, narrate_search
from codereasoner.chains.rejection_sampling import teach
from codereasoner.curation.filters import Sizes
from codereasoner.errors import ConfigError, DataError, counted
from codereasoner.execution.pool import Limits, Pool
from codereasoner.extend import Model, Progress, Sampling, silent
from codereasoner.ledger import Ledger, Line, fingerprint, line_of, read_records, read_rows, record_of
from codereasoner.parquet_files import Row
from codereasoner.records import Chain, Run, batches_of
from codereasoner.sampling import KeptAnswers, kept_answers
from codereasoner.stages.balance_sets import Choice, Place
from codereasoner.stages.engine import Engine, map_each
from codereasoner.stages.named_tasks import task_names
from codereasoner.stages.progress import tell
from codereasoner.stages.stage_options import NARRATOR, ChainOptions
from codereasoner.stages.trace_calls import JSON_COLUMNS
from codereasoner.steps.source import TOO_DEEP, parse_source
from codereasoner.styles import Style, chosen_style
from codereasoner.task import Question, Runner

BATCH = 64  # chains in one batch
SEARCH_LIMITS = Limits(cpu_seconds=0.05, steps=Sizes.steps, trace_bytes=100_000)
"""Limits of a call that is tried: no longer trace is narrated, and its steps take a thousandth of a second."""

Pair: TypeAlias = tuple[Question, int, Row]
"""A question, and the run it was asked about: its number and its packed row."""


@dataclass(frozen=True)
class Teacher:
    """A model that writes chains: `samples` of them per question, until one leads to the right answer."""

    model: Model
    style: Style
    samples: int
    sampling: Sampling


def find_teacher(options: ChainOptions) -> Teacher | None:
    """Return the teacher that the options name; None: the narrator."""
    if options.by == NARRATOR:
        return None
    return Teacher(
        extend.find("model", options.by, **options.server()),
        chosen_style(options.style).with_system(options.system),
        options.samples,
        options.sampling(),
    )


def narrate_chains(
    questions: Path,
    runs: Path,
    out: Path,
    tasks: Sequence[str],
    detail: Detail,
    progress: Progress = silent,
    engine: Engine | None = None,
    attempts: int = ChainOptions.attempts,
    split: str = "",
    limit: int = ChainOptions.max_characters,
    runner: Runner | None = None,
    choice: Choice | None = None,
) -> None:
    """Write the narrator's chain for each question of these tasks, and of the split if one is given.

    choice: only as many chains are written as the choice takes, with more tries for questions that have none.
    A chain that looks for a call runs what it tries, so that it needs a runner; at most `attempts` calls fail before
    the right one, and a question for which none is found is dropped. A chain longer than `limit` characters is folded
    (0 never folds). The manifest says how long the chains are.
    """
    tasks = task_names(tasks, questions)
    config = {"questions": fingerprint(questions), "runs": fingerprint(runs), "tasks": tasks, "detail": detail}
    searched = {"by": "narrator", "attempts": attempts, "split": split, "limit": limit}
    wanted = {"sizes": dict(choice.sizes)} if choice else {}
    ledger = Ledger(out, {**config, **searched, **wanted}, key="question")
    if ledger.is_complete():
        return
    work = partial(narrated, runs=runs, detail=detail, limit=limit, attempts=attempts, runner=runner)
    with ledger:
        lacking = {row["question"] for row in ledger.dropped()}
        total = 0
        for places in choice.rounds(lacking) if choice else (None,):
            total += sum(1 for _ in _of_tasks(questions, tasks, split)) if places is None else len(places)
            asked = _of_tasks(questions, tasks, split, places)
            known = {choice.places[each].run for each in places} if choice and places else None
            missing = (each for each in _with_runs(asked, runs, known) if each[0].id not in ledger)
            for question, chain in map_each(engine, work, missing, BATCH):
                if isinstance(chain, str):
                    ledger.drop({"question": question}, chain)
                    lacking.add(question)
                else:
                    ledger.append(chain)
                tell(progress, len(ledger), total, "questions answered")
        ledger.extra["not_told"] = _of_other_tasks(questions, tasks, split, choice)
        ledger.extra["characters"] = lengths(len(row["text"]) for row in ledger.rows())
        ledger.finish()


def narrated(
    pairs: Iterable[Pair], runs: Path, detail: Detail, limit: int, attempts: int, runner: Runner | None
) -> Iterator[tuple[str, Line | str]]:
    """Yield the narrator's chain for each of these questions, by its id, or the reason why it has none."""
    for batch in batches_of(pairs, BATCH):
        searched = [(question, row.get("shared", "")) for question, _, row in batch if searches(question)]
        if searched and runner is None:
            raise ConfigError(f"chains for the task '{searched[0][0].task}' run the calls they try: give a runner")
        asked, origins = [each for each, _ in searched], [origin for _, origin in searched]
        tries = iter(search_calls(asked, runner, attempts, origins) if runner is not None else ())
        for question, number, row in batch:
            if searches(question):
                found = next(tries)
                chain = narrate_search(question, found, detail, limit) if found else NOT_FOUND
            else:
                chain = narrate_run(question, record_of(runs, number, row, Run, JSON_COLUMNS), detail, limit)
            yield question.id, chain if isinstance(chain, str) else line_of(chain, "question")


def narrate_run(question: Question, run: Run, detail: Detail, limit: int) -> Chain | str:
    """Return the narrator's chain for a question about this run, or the reason why it has none."""
    if not run.steps or run.cut:
        return "the run has no whole trace"
    if parse_source(run.source) is None:
        return f"the program is {TOO_DEEP}"
    return narrate(question, run, detail, limit)


def lengths(found: Iterable[int]) -> dict[str, int]:
    """Return the median, the 95th percentile and the maximum; nothing for no lengths."""
    ordered = sorted(found)
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {"median": ordered[last // 2], "95 %": ordered[last * 95 // 100], "longest": ordered[last]}


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
    """Write a teacher's chains, each kept because the answer it led to was verified; all its answers lie beside them.

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
    if ledger.is_complete():
        return
    spent: Counter[str] = Counter()

    def asked() -> Iterator[Question]:
        return islice(_of_tasks(questions, tasks, split), first or None)

    with ledger, kept_answers(out) as answers:
        every = sum(1 for _ in _of_tasks(questions, tasks, split))
        total = min(every, first or every)
        missing = (question for question in asked() if question.id not in ledger)
        model = KeptAnswers(teacher.model, answers)
        taught = teach(missing, model, teacher.style, pool.run, teacher.samples, teacher.sampling, spent)
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
        answers.finish()
        ledger.finish()


def projected(trial: Row) -> str:
    """Say what a trial found, and what the whole set would give and cost at that rate."""
    asked, every = trial["asked"], trial["of"]
    times = every / max(1, asked)
    tokens = trial.get("prompt_tokens", 0) + trial.get("completion_tokens", 0)
    money = f" and ${trial['dollars'] * times:,.2f}" if trial["dollars"] else ""
    share = trial["accepted"] / max(1, asked)
    return (
        f"{trial['accepted']:,} of {counted(asked, 'question')} accepted ({share:.0%}) for {tokens:,} tokens; "
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


def _of_tasks(
    questions: Path, tasks: Sequence[str], split: str, places: Sequence[int] | None = None
) -> Iterator[Question]:
    """Yield the questions of these tasks in one split, "" is every split, or at these places of the file."""
    for question in extend.read_questions(questions, places):
        if question.task in tasks and split in ("", question.split):
            yield question


def _of_other_tasks(questions: Path, tasks: Sequence[str], split: str, choice: Choice | None = None) -> dict[str, int]:
    """Count the questions of the split that get no chain because of their task; a choice has read them already."""
    every: Iterable[Question | Place] = choice.places if choice else read_records(questions, Question)
    found = Counter(each.task for each in every if split in ("", each.split))
    return {task: count for task, count in sorted(found.items()) if task not in tasks}


def _with_runs(questions: Iterable[Question], runs: Path, known: Container[str] | None = None) -> Iterator[Pair]:
    """Yield each question with its run; questions have the order of the runs, several of one run follow each other.

    known: the ids of the runs they are about, where it is worth while to read no others.
    """
    numbers: Iterable[int] = count()
    if known is not None:
        others = [each.name for each in fields(Run) if each.name != "id"]
        numbers = [place for place, row in enumerate(read_rows(runs, others)) if row["id"] in known]
    wanted = None if known is None else frozenset(numbers)
    remaining = ((place + 1, row) for place, row in zip(numbers, read_rows(runs, (), False, wanted), strict=False))
    number, row = next(remaining, (0, None))
    for question in questions:
        while row is not None and row.get("id") != question.run:
            number, row = next(remaining, (0, None))
        if row is None:
            raise DataError(f"{runs} has no run '{question.run}' for question '{question.id}', or in another order")
        yield question, number, row
