"""Write the reasoning for a question from the real trace of its run, so that every claim in it is true.

`states` is terse, for a small model that is trained from scratch: one line for each executed statement, with the values
it leaves behind. `expressions` is terse and local: every operation is written out on its own, with the values it is
applied to, and each pass of a loop says what is left to go over. `local` quotes the code of a statement, or tells each
part of it under its own name: shorter, and nothing has to be looked for far away. `steps` is `states` in sentences,
with line numbers and the code, for real models.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, get_args

from codereasoner import extend
from codereasoner.chains.conclude import conclude
from codereasoner.chains.local import lines_of
from codereasoner.chains.operations import Operations
from codereasoner.chains.sentences import sentences
from codereasoner.chains.story import Moment, tell
from codereasoner.chains.words import called, claims, outcome
from codereasoner.errors import ConfigError
from codereasoner.records import Chain, Run
from codereasoner.task import Question

Detail = Literal["states", "expressions", "local", "steps"]
DETAILS: tuple[Detail, ...] = get_args(Detail)


def narrate(question: Question, run: Run, detail: Detail = "states", attempts: Sequence[Run] = ()) -> Chain:
    """The chain that leads to the answer of a question about a run.

    For the task `input` the chain goes back from the wanted value where the program is a straight line, follows the
    attempts (traced runs of the same program, each with another value) and then the run itself, and compares what they
    return. For every other task it follows the run, as far as the question goes, and says what that answers.

    Raises:
        ConfigError: there is no such detail.
        DataError: the run, or an attempt, has no whole trace.
    """
    if detail not in DETAILS:
        raise ConfigError(f"detail '{detail}' is unknown; there are: {', '.join(DETAILS)}")
    if question.task == "input":
        lines = list(_search(question.facts["value"], run, detail, attempts))
    else:
        moments, verdict = conclude(question, tell(run))
        lines = list(_TELL[detail](replace(run, value=None) if verdict else run, moments))
        lines += [each for each in [verdict or extend.task_of(question).conclude(question)] if each]
    return Chain(question.id, "\n".join(lines), "narrator")


# ---- input: back from the value, then try and compare


def _search(wanted: str, run: Run, detail: Detail, attempts: Sequence[Run]) -> Iterator[str]:
    yield f"Wanted: {wanted}"
    if back := backwards(run):
        yield f"Backwards: {' <- '.join(back)}"
    for each in [*(attempt for attempt in attempts if attempt.value not in (None, wanted)), run]:
        yield f"Try {each.expression}"
        yield from _TELL[detail](replace(each, value=None), tell(each))
        verdict = "the value that is wanted" if each is run else "not what is wanted"
        yield f"{each.expression} returns {each.value}, {verdict}."


def backwards(run: Run) -> list[str]:
    """The values of the variable that is returned, from the last to the first, where nothing branches, loops or calls.

    Empty where the program is no such straight line over one variable that comes in as an argument.
    """
    moments = tell(run)
    first, last = moments[0], moments[-1]
    body = moments[1:-1]
    returned = body[-1].node if body else None
    if not isinstance(returned, ast.Return) or not isinstance(returned.value, ast.Name):
        return []
    name = returned.value.id
    straight = all(moment.kind == "line" and moment.taken is None and moment.frame == first.frame for moment in body)
    if not straight or name not in first.values or last.kind != "return":
        return []
    values = [first.values[name], *(moment.values[name] for moment in body if name in moment.values)]
    return values[::-1] if len(values) > 1 and not any(value.startswith("<") for value in values) else []


# ---- states: for a small model


def _states(run: Run, moments: list[Moment]) -> Iterator[str]:
    last = ""
    for moment in moments:
        if line := _state(moment):
            last = line
            yield line
    if run.value is not None and not last.endswith(f"= {run.value}") and last != f"return {run.value}":
        yield f"return {run.value}"


def _state(moment: Moment) -> str:
    match moment.kind:
        case "call" if moment.frame and isinstance(moment.scope, ast.ClassDef):
            return f"class {moment.function}"
        case "call" if moment.frame:
            return called(moment)
        case "resume":
            return f"{moment.function} resumes"
        case "return" if moment.frame and not isinstance(moment.scope, ast.ClassDef):
            return f"return {moment.value}"
        case "yield":
            return f"yield {moment.value}"
        case "exception":
            return moment.value
        case "return":
            return ""
    if isinstance(moment.node, ast.Break | ast.Continue | ast.Pass):
        return type(moment.node).__name__.lower()
    return ", ".join(part for part in (outcome(moment), claims(moment)) if part)


# ---- expressions: the same with every operation on its own


def _expressions(run: Run, moments: list[Moment]) -> Iterator[str]:
    operations = Operations(run.source)
    last = ""
    for moment in moments:
        for line in operations.before(moment, _state(moment)):
            last = line
            yield line
    if run.value is not None and not last.endswith((f"= {run.value}", f"-> {run.value}", f"return {run.value}")):
        yield f"return {run.value}"


_TELL = {"states": _states, "expressions": _expressions, "local": lines_of, "steps": sentences}
