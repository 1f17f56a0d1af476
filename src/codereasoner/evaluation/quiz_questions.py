"""A quiz on one call: does a model read a function right, and where does it first go wrong?"""

from collections.abc import Sequence
from dataclasses import dataclass

from codereasoner import extend
from codereasoner.curation.determinism import UNSETTLED_STEPS, second_job, second_reason
from codereasoner.errors import ConfigError, Shortfall
from codereasoner.evaluation.error_analysis import mistake
from codereasoner.evaluation.error_rules import Mistake
from codereasoner.extend import Model, Sampling
from codereasoner.records import Job, Run
from codereasoner.sampling import prompts_for, sample_and_grade
from codereasoner.steps.chance import chance
from codereasoner.steps.source import refuse_unknown
from codereasoner.styles import Style
from codereasoner.task import Grade, Question, Runner, Task
from codereasoner.tasks.calls import depends_on_chance

TASKS = ("output", "coverage", "state", "path", "whitebox")


@dataclass(frozen=True)
class Reply:
    """One question of a quiz with the model's answer and its grade."""

    question: Question
    text: str
    finish: str
    grade: Grade
    mistake: Mistake | None  # None for a right answer, and for one that was cut off


def trace_for_quiz(source: str, entry: str, arguments: str, runner: Runner, tasks: Sequence[str] = TASKS) -> Run:
    """Run and trace the call that a quiz is about; it ends in a way that one of its tasks asks about."""
    [run] = runner([Job(source, entry, arguments, record="trace")])
    refuse_unknown(run)
    if not any(run.outcome in extend.task(name).outcomes for name in tasks):
        raise Shortfall(
            f"{run.expression} {run.outcome}, so nothing can be asked about it: {run.exception or run.reason}"
            + ("; --with NAME imports it before" if run.exception.startswith("ModuleNotFoundError: ") else "")
            + ("; --task raises asks what it raises" if run.outcome == "raised" else "")
        )
    return run


def stable_tasks(run: Run, tasks: Sequence[str], again: Runner) -> tuple[tuple[str, ...], str]:
    """Return the tasks whose answers do not depend on the hash seed, and a sentence where some do.

    `again` runs under another hash seed than that of the run.
    """
    if run.value is None:
        return tuple(tasks), ""
    reason = second_reason(run, again([second_job(run)])[0])
    if reason is None:
        return tuple(tasks), ""
    if reason != UNSETTLED_STEPS:
        raise Shortfall(f"nothing is asked about {run.expression}: its value depends on the hash seed ({reason})")
    left = tuple(task for task in tasks if extend.task(task).observes == "value")
    return left, f"the steps of {run.expression} depend on the hash seed: only its value is asked about"


def questions_about(run: Run, tasks: Sequence[str] = TASKS, runner: Runner | None = None) -> list[Question]:
    """Return the questions of the tasks about a run, in the order of the tasks."""
    found, why = collect_all(run, [extend.task(name) for name in tasks], runner)
    if not found:
        raise ConfigError(why)
    return found


def collect_all(run: Run, tasks: Sequence[Task], runner: Runner | None = None) -> tuple[list[Question], str]:
    """Return the questions of the tasks about a run, and, where there is none, a sentence why.

    It has each reason once, with the tasks where there are several.
    """
    questions: list[Question] = []
    names: dict[str, list[str]] = {}
    for task in tasks:
        asked = task.collect(run, runner)
        questions += asked.questions
        for reason in asked.skipped:
            names.setdefault(reason, []).append(task.name)
    if questions:
        return questions, ""
    differs, by_chance = chance(run.source, run.entry, run.call), depends_on_chance(run)
    said = []
    for reason, of in names.items():
        line = f" on line {differs.line}" if differs and differs.line and reason == by_chance else ""
        said.append(f"{reason}{line}" + (f" ({', '.join(of)})" if len(names) > 1 else ""))
    return [], f"there is nothing to ask about {run.expression}: {'; '.join(said)}"


def quiz(
    run: Run, questions: Sequence[Question], model: Model, style: Style, sampling: Sampling, runner: Runner
) -> list[Reply]:
    """Ask the model all questions about the run; replies in the order of the questions."""
    replies = []
    for sample in sample_and_grade(prompts_for(questions, style), model, style, sampling, runner):
        question, text, grade = sample.prompt.question, sample.completion.whole, sample.grade
        about = run if "call" in question.facts else None
        found = mistake(question, grade.outcome, grade.answer, grade.reason, text, about)
        replies.append(Reply(question, text, sample.completion.finish, grade, found))
    return replies
