"""How far a chain follows its run for a question, and the sentence that ties what it told to what was asked."""

from __future__ import annotations

from collections.abc import Sequence

from codereasoner import extend
from codereasoner.chains.events import Moment
from codereasoner.task import Question


def conclude(question: Question, moments: list[Moment]) -> tuple[list[Moment], str]:
    """Return the moments that a chain tells, and its last sentence.

    These are all moments and "" where the question is about the result, or where its line and time cannot be tied to
    one moment, as where a line belongs to a statement of several.
    """
    place = _place(moments, question.facts.get("line"), question.facts.get("time"))
    if place is None:
        return moments, ""
    told, last = moments[: place + 1], moments[place]
    following = next((m.line for m in moments[place + 1 :] if m.frame == last.frame and m.kind == "line"), None)
    sentence = extend.task_of(question).conclude_at(question, last.state, following)
    return (told, sentence) if sentence else (moments, "")


def _place(moments: Sequence[Moment], line: int | None, time: int | None) -> int | None:
    """Find the moment of that line's `time`-th visit; the last moment where no time is named."""
    if time is None:
        return len(moments) - 1 if moments else None
    places = [place for place, moment in enumerate(moments) if moment.kind == "line" and moment.line == line]
    return places[time - 1] if time and len(places) >= time else None
