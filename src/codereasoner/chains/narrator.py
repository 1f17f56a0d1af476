"""Write the reasoning for a question from the real trace of its run, so that every claim in it is true.

`states` is terse, for a small model that is trained from scratch: one line for each executed statement, with the values
it leaves behind. `expressions` is terse and local: every operation is written out on its own, with the values it is
applied to, and each pass of a loop says what is left to go over. `local` quotes the code of a statement, or tells each
part of it under its own name: shorter, and nothing has to be looked for far away. `steps` is `states` in sentences,
with line numbers and the code, for real models.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, get_args

from codereasoner import extend
from codereasoner.chains.backward import backward, difference
from codereasoner.chains.conclusions import conclude
from codereasoner.chains.detail_local import Local
from codereasoner.chains.detail_steps import Sentences
from codereasoner.chains.detail_terse import called, claims, outcome
from codereasoner.chains.events import Moment, tell
from codereasoner.chains.folding import fold
from codereasoner.chains.operations import Operations
from codereasoner.errors import ConfigError
from codereasoner.records import Chain, Run
from codereasoner.task import Question

Detail = Literal["states", "expressions", "local", "steps"]
DETAILS: tuple[Detail, ...] = get_args(Detail)


def narrate(
    question: Question, run: Run, detail: Detail = "states", attempts: Sequence[Run] = (), limit: int = 0
) -> Chain:
    """The chain that leads to the answer of a question about a run.

    For the task `input` the chain undoes the program from the wanted value where that can be computed; elsewhere it
    follows the attempts (traced runs of the same program, each with another value). Then it follows the run itself. For
    every other task it follows the run, as far as the question goes, and says what that answers.

    What is longer than `limit` characters is folded: see folding.py; 0 sets no limit.

    Raises:
        ConfigError: there is no such detail.
        DataError: the run, or an attempt, has no whole trace.
    """
    if detail not in DETAILS:
        raise ConfigError(f"detail '{detail}' is unknown; there are: {', '.join(DETAILS)}")
    if extend.task_of(question).direction == "backward":
        lines = list(_search(question.facts["value"], run, detail, attempts, limit))
    else:
        moments, verdict = conclude(question, tell(run))
        lines = _told(replace(run, value=None) if verdict else run, moments, detail, limit)
        lines += [each for each in [verdict or extend.task_of(question).conclude(question)] if each]
    return Chain(question.id, "\n".join(lines), "narrator")


# ---- input: back from the value, then try and compare


def _search(wanted: str, run: Run, detail: Detail, attempts: Sequence[Run], limit: int) -> Iterator[str]:
    yield f"Wanted: {wanted}"
    undone = backward(run)
    yield from undone
    tried = [] if undone else [attempt for attempt in attempts if attempt.value not in (None, wanted)]
    if not undone:
        yield "It cannot be computed backwards, so calls are tried, the shortest first."
    for each in [*tried, run]:
        yield f"Try {each.expression}"
        yield from _told(replace(each, value=None), tell(each), detail, limit // (len(tried) + 1))
        if each is run:
            yield f"{each.expression} returns {each.value}, the value that is wanted."
        else:
            verdict = ", ".join(["not what is wanted", *difference(each.value or "", wanted)])
            yield f"{each.expression} returns {each.value}, {verdict}."


# ---- the details


def _told(run: Run, moments: Sequence[Moment], detail: Detail, limit: int) -> list[str]:
    """The lines of a run; the last says what the call returns, where that is known and was not said."""
    tell_one = _TELL[detail](run)
    lines = fold(moments, [list(tell_one(moment)) for moment in moments], limit)
    if run.value is None or detail == "local":  # there the value stands in the answer only
        return lines
    if detail == "steps":
        return [*lines, f"So {run.expression} returns {run.value}."]
    is_said = lines and lines[-1].endswith((f"= {run.value}", f"-> {run.value}", f"return {run.value}"))
    return lines if is_said else [*lines, f"return {run.value}"]


def _states(run: Run) -> Callable[[Moment], Iterable[str]]:
    return lambda moment: filter(None, [_state(moment)])


def _expressions(run: Run) -> Callable[[Moment], Iterable[str]]:
    operations = Operations(run.source)
    return lambda moment: operations.before(moment, _state(moment))


def _local(run: Run) -> Callable[[Moment], Iterable[str]]:
    return Local(run).lines


def _steps(run: Run) -> Callable[[Moment], Iterable[str]]:
    sentences = Sentences(run)
    return lambda moment: filter(None, [sentences.tell(moment)])


_TELL = {"states": _states, "expressions": _expressions, "local": _local, "steps": _steps}


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
