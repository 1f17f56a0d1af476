"""How far a chain follows its run for a question, and the sentence that ties what it told to what was asked."""

from __future__ import annotations

from collections.abc import Sequence

from codereasoner.chains.events import Moment
from codereasoner.task import Question

ENDS = "-1"  # the gold answer of the task `path` where the call ends


def conclude(question: Question, moments: list[Moment]) -> tuple[list[Moment], str]:
    """The moments to tell, and the last sentence; all of them and "" where the question is about the call's value.

    What cannot be tied to one moment of the story, as where a line belongs to a statement of several, is told whole.
    """
    line, time = question.facts.get("line"), question.facts.get("time")
    if question.task == "coverage":
        runs = question.gold[0] == "yes"
        return moments, f"Line {line} {'has run' if runs else 'has not run'}."
    place = _place(moments, line, time)
    if place is None:
        return moments, ""
    told = moments[: place + 1]
    if question.task == "state":
        return _state(question, moments, told)
    if question.task == "path":
        return _path(question, moments, told)
    return moments, ""


def _place(moments: Sequence[Moment], line: int | None, time: int | None) -> int | None:
    """Which moment is that line's `time`-th."""
    places = [place for place, moment in enumerate(moments) if moment.kind == "line" and moment.line == line]
    return places[time - 1] if time and len(places) >= time else None


def _state(question: Question, moments: list[Moment], told: list[Moment]) -> tuple[list[Moment], str]:
    name = question.facts["variable"]
    value = told[-1].state.get(name)
    if value is None or question.gold[0].rpartition(";")[0].strip() != value:
        return moments, ""
    return told, f"{_that_was(told[-1], question)}: {name} = {value}."


def _path(question: Question, moments: list[Moment], told: list[Moment]) -> tuple[list[Moment], str]:
    gold, last = question.gold[0], told[-1]
    follows = next((m.line for m in moments[len(told) :] if m.frame == last.frame and m.kind == "line"), None)
    if gold == ENDS and follows is None:
        return told, f"{_that_was(last, question)}, and the call ends there."
    if gold == str(follows):
        return told, f"{_that_was(last, question)}; line {gold} runs next."
    return moments, ""


def _that_was(moment: Moment, question: Question) -> str:
    return f"That was line {moment.line}, time {question.facts['time']}"
