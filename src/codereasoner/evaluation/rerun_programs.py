"""Run a benchmark's programs again and compare their results with the recorded answers.

A record whose program needs a package that is not installed cannot be run; one whose program raises, or gives
another value than the recorded one, is ill-posed here, and its reason says so. Results depend on versions.
"""

import importlib.metadata
import platform
from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

from codereasoner import extend, literals
from codereasoner.records import Job, Run
from codereasoner.task import Question, Runner


class IllPosed(TypedDict):
    """A question whose record contradicts itself here, with the reason."""

    id: str
    reason: str


class Rerun(TypedDict):
    """The results of running recorded programs again."""

    agree: int
    ill_posed: list[IllPosed]
    unavailable: dict[str, str]  # by id: what lacks a package is neither right nor wrong
    cannot_run: dict[str, int]  # how many by reason
    versions: dict[str, str]  # of Python and of the packages that decide about the results


def rerun(questions: Sequence[Question], runner: Runner, packages: Sequence[str] = ()) -> Rerun:
    """Run what can be run; `packages` are those whose versions decide about the results."""
    jobs = [(question, *found) for question in questions if (found := _job(question))]
    agree = 0
    ill_posed: list[IllPosed] = []
    unavailable: dict[str, str] = {}
    for (question, job, wanted), run in zip(jobs, runner([job for _, job, _ in jobs]), strict=True):
        if run.exception.startswith("ModuleNotFoundError"):  # through no fault of the program
            unavailable[question.id] = f"it needs a package: {run.exception.partition(': ')[2]}"
        elif reason := _difference(job, wanted, run):
            ill_posed.append({"id": question.id, "reason": reason})
        else:
            agree += 1
    cannot = Counter({"it has no program here": len(questions) - len(jobs)}) + Counter(unavailable.values())
    return {
        "agree": agree,
        "ill_posed": ill_posed,
        "unavailable": unavailable,
        "cannot_run": dict((+cannot).most_common()),
        "versions": versions(packages),
    }


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return the version of Python and of each package, "not installed" where it is missing."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def unreadable_golds(questions: Sequence[Question]) -> list[IllPosed]:
    """Return the questions whose recorded answer is not a literal: only that very text can be right."""
    found: list[IllPosed] = []
    for question in questions:
        if extend.task_of(question).answers == "literal" and "assert" not in question.gold[0]:
            try:
                literals.read(question.gold[0])
            except literals.LiteralError as error:
                found.append({"id": question.id, "reason": str(error)})
    return found


def _job(question: Question) -> tuple[Job, str] | None:
    """Return the job that recomputes the recorded answer, with the value it must return."""
    return extend.task_of(question).rerun_job(question) if question.facts.get("source") else None


def _difference(job: Job, wanted: str, run: Run) -> str:
    """Return why a run does not give the recorded answer; "" where it does."""
    if job.harness and run.exception.startswith("AssertionError"):
        return "running it gives another value"
    if run.outcome != "ok":
        return f"running it fails: {run.exception or run.reason}"[:200]
    if run.value is None:
        return "running it gives a value without a literal"
    try:
        same = literals.equal(literals.read(run.value), literals.read(wanted))
    except literals.LiteralError as error:
        return f"the recorded value is not a literal: {error}"[:200]
    return "" if same else f"running it gives {run.value}"[:200]
