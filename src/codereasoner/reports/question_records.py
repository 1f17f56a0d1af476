"""The questions of a run with everything that belongs to them: traces, chains, answers, grades.

A run's own questions are named by their id. Those that an evaluation on a benchmark brought along are named by the
benchmark and their id in it: two benchmarks may both have a `sample_0`.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypedDict

from codereasoner.chains.claim_audit import Audit, audit, audit_search
from codereasoner.errors import DataError
from codereasoner.evaluation.error_analysis import mistake
from codereasoner.evaluation.error_rules import KINDS
from codereasoner.evaluation.results import GradeRow
from codereasoner.ledger import read_rows
from codereasoner.records import Answer, Chain, Run
from codereasoner.reports.answer_traces import run_id, traced_runs
from codereasoner.reports.run_folder import Evaluation, audit_sample, grades_of, labels, part_of, records_so_far
from codereasoner.task import Question

LIMIT = 10_000  # questions in one page
SAMPLES = 4  # answers of one model to one question that are shown
TEXT_LIMIT = 20_000  # characters of a completion
VALUE_LIMIT = 2_000  # characters of one value

CODES = {"correct": "c", "wrong": "w", "no_answer": "n", "truncated": "t", "error": "e"}
MISTAKES: Mapping[str, str] = dict(zip(KINDS, "blsitfo", strict=True))
NOT_AUDITED = " "  # the code of an answer outside the sample whose mistakes and claims are looked at


class FalseClaim(TypedDict):
    """The first false claim of a completion: its characters, and why it is false."""

    start: int
    end: int
    why: str


class AnswerDetail(TypedDict):
    """One answer with its grade, as the page shows it."""

    model: str
    sample: int
    text: str
    finish: str
    tokens: int
    outcome: str
    answer: str | None
    reason: str
    parts: Mapping[str, float]
    false: FalseClaim | None
    claims: tuple[int, int]  # true, and all
    mistake: tuple[str, str, int | None] | None  # class, why, line


@dataclass
class Shown:
    """A question of a page or a comparison, with everything that belongs to it."""

    name: str
    question: Question
    group: str  # its split; for a question of a benchmark the benchmark's name
    chains: list[Chain] = field(default_factory=list)
    answers: list[AnswerDetail] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)  # model label -> one code for each sample
    mistakes: dict[str, str] = field(
        default_factory=dict
    )  # model label -> a code for each sample; "-": none, " ": not audited
    steps: dict[str, list[float]] = field(default_factory=dict)  # model label -> shares of true claims
    lists: set[str] = field(default_factory=set)  # the lists of questions in which a model answered it

    @property
    def cluster(self) -> str:
        """The program: answers to questions about it are not independent."""
        return self.question.program or self.name

    def share(self, model: str) -> float:
        """Return the share of a model's samples that are right, 0 to 1."""
        codes = self.outcomes[model]
        return codes.count("c") / len(codes)


@dataclass(frozen=True)
class Gathered:
    """The questions of a run that are shown, by name."""

    shown: Mapping[str, Shown]
    runs: Mapping[str, Run]  # the runs they are about, by id
    models: Sequence[str]  # labels
    lists: Mapping[str, Sequence[str]]  # name of a list of questions -> the groups its questions are in
    total: int  # questions there are, shown or not
    grades: Sequence[Sequence[GradeRow]] = ()  # of each evaluation


def gather(
    folders: Sequence[Path],
    evaluations: Sequence[Evaluation],
    limit: int = LIMIT,
    only_asked: bool = False,
    details: bool = True,
) -> Gathered:
    """Return at most `limit` questions of the run folders, those first that a model answered; or only those.

    The texts of chains and answers are those of the first LIMIT questions, as a page shows no others; without
    `details` they are left out.
    """
    grades = [list(grades_of(each)) for each in evaluations]
    ids = [{row["question"] for row in rows} for rows in grades]
    asked = set[str]().union(*ids)
    first: dict[str, Shown] = {}
    rest: dict[str, Shown] = {}
    total = 0
    for item in _all_questions(folders, evaluations, ids):
        if only_asked and item.question.id not in asked:
            continue
        total += 1
        chosen = first if item.question.id in asked else rest
        if len(chosen) < limit:
            chosen[item.name] = item
    shown = dict(list((first | rest).items())[:limit])
    runs = _runs(folders, {item.question.run for item in shown.values()})
    for each in evaluations:
        runs |= {name: run for name, run in traced_runs(each).items() if name not in runs}
    detailed = frozenset(islice(shown, LIMIT if details else 0))
    for folder in folders if details else ():
        for chain in records_so_far(folder / "chains.jsonl", Chain):
            if chain.question in detailed and len(shown[chain.question].chains) < SAMPLES:
                shown[chain.question].chains.append(chain)
    audited = audit_sample(evaluations)
    groups: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for evaluation, label, rows in zip(evaluations, labels(evaluations), grades, strict=True):
        for item in _add_answers(evaluation, label, rows, shown, runs, audited, detailed):
            groups[evaluation.questions][item.group] = None
            item.lists.add(evaluation.questions)
    models = list(dict.fromkeys(labels(evaluations)))
    lists = {name: list(found) for name, found in groups.items()}
    return Gathered(shown, runs, models, lists, total, grades)


def _all_questions(
    folders: Sequence[Path], evaluations: Sequence[Evaluation], asked: Sequence[set[str]]
) -> Iterator[Shown]:
    """Yield the runs' own questions, then those that evaluations on benchmarks brought along; each once."""
    seen: set[str] = set()
    alone = {each.folder.resolve() for each in evaluations}  # their questions may be a benchmark's, as are their ids
    for folder in folders:
        if folder.resolve() in alone:
            continue
        whole = folder / "questions.jsonl"
        for question in records_so_far(whole if whole.is_file() else part_of(whole), Question):
            if question.id not in seen:
                seen.add(question.id)
                yield Shown(question.id, question, question.split)
    own = frozenset(seen)
    for each, ids in zip(evaluations, asked, strict=True):
        if ids and ids <= own:
            continue  # it was asked the run's questions, and its file repeats them
        for question in records_so_far(each.folder / "questions.jsonl", Question, lambda row: row.get("id") not in own):
            name = f"{each.questions}/{question.id}"
            if name not in seen:
                seen.add(name)
                yield Shown(name, question, question.split or each.questions)


def item_of(shown: Mapping[str, Shown], evaluation: Evaluation, question: str) -> Shown | None:
    """Return what is shown of a question by its id in an evaluation: the run's own one, or the benchmark's."""
    return shown.get(question) or shown.get(f"{evaluation.questions}/{question}")


def _runs(folders: Sequence[Path], wanted: set[str]) -> dict[str, Run]:
    paths = [folder / "runs.parquet" for folder in folders if wanted - {""}]
    rows = (row for path in paths if path.is_file() for row in read_rows(path))
    return {row["id"]: Run.from_json(row) for row in rows if row.get("id") in wanted}


def _add_answers(
    evaluation: Evaluation,
    label: str,
    grades: Sequence[GradeRow],
    shown: Mapping[str, Shown],
    runs: Mapping[str, Run],
    audited: Callable[[str], bool],
    detailed: Container[str],
) -> Iterator[Shown]:
    """Add the graded answers of one evaluation; an answers.jsonl may also hold answers of an earlier setting."""

    path = evaluation.folder / "answers.jsonl"

    def is_read(row: Mapping[str, object]) -> bool:
        question = str(row.get("question"))
        item = item_of(shown, evaluation, question)
        return item is not None and (item.name in detailed or audited(question))

    kept = records_so_far(path, Answer, is_read)
    answers = {answer.id: answer for answer in kept}
    for grade in grades:
        item = item_of(shown, evaluation, grade["question"])
        if item is None:
            continue
        question, answer = item.question, answers.get(grade["id"])
        given, reason = grade.get("answer"), str(grade.get("reason", ""))
        found, checked, code = None, Audit(0, 0), NOT_AUDITED
        if audited(grade["question"]):
            run = runs.get(run_id(question, None if "call" in question.facts else given))
            text = answer.whole[:TEXT_LIMIT] if answer is not None else ""
            found = mistake(question, grade["outcome"], given, reason, text, run)
            checked, code = check_claims(question, text, run), MISTAKES[found.kind] if found else "-"
        item.outcomes[label] = item.outcomes.get(label, "") + CODES.get(grade["outcome"], "e")
        item.mistakes[label] = item.mistakes.get(label, "") + code
        if checked.share is not None:
            item.steps.setdefault(label, []).append(checked.share)
        if item.name in detailed and answer is not None and len(item.outcomes[label]) <= SAMPLES:
            item.answers.append(
                {
                    "model": label,
                    "sample": answer.sample,
                    "text": clip(answer.whole, TEXT_LIMIT),
                    "finish": answer.finish,
                    "tokens": answer.completion_tokens,
                    "outcome": grade["outcome"],
                    "answer": None if given is None else clip(given, VALUE_LIMIT),
                    "reason": reason,
                    "parts": grade.get("parts") or {},
                    "false": false_claim(checked),
                    "claims": (checked.true, checked.checked),
                    "mistake": (found.kind, found.why, found.line) if found else None,
                }
            )
        yield item


def check_claims(question: Question, text: str, run: Run | None) -> Audit:
    """Audit a completion against the run it is about: that of the prompt's call, or of the call that it predicts.

    A chain that looks for a call follows others on its way; only the call it settles on is checked. Where there is no
    such run, or its trace is not whole, nothing is: it could not be called false.
    """
    if run is None or not run.steps or question.facts.get("call", run.call) != run.call:
        return Audit(0, 0)
    try:
        if "call" in question.facts:
            return audit(text, run)
        return audit_search(text, {run.call: run}, question.facts["value"])
    except DataError:
        return Audit(0, 0)


def false_claim(found: Audit) -> FalseClaim | None:
    """Return the first false claim of a completion as a page marks it; None where all are true."""
    if found.first_false is None or found.first_false_at is None:
        return None
    start, end = found.first_false_at
    why = f"{found.first_false}; {found.true} of the {found.checked} claims are true"
    return {"start": start, "end": end, "why": why}


def clip(text: str, limit: int) -> str:
    """Return the text, or its beginning and how much is left out."""
    return text if len(text) <= limit else f"{text[:limit]} ... ({len(text) - limit:,} more characters)"
