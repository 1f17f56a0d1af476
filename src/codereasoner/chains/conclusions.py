"""End a chain where its question looks, with the sentence that answers it."""

from collections.abc import Sequence

from codereasoner import extend
from codereasoner.chains.events import Event
from codereasoner.task import Question


def conclude(question: Question, events: Sequence[Event]) -> tuple[Sequence[Event], str]:
    """Return the events of a chain, and its last sentence.

    These are all events and "" where the question is about the result, or where its line and time cannot be tied to
    one event, as where a line belongs to a statement of several.
    """
    place = _place(events, question.facts.get("line"), question.facts.get("time"))
    if place is None:
        return events, ""
    reached, last = events[: place + 1], events[place]
    following = next((m.line for m in events[place + 1 :] if m.frame == last.frame and m.kind == "line"), None)
    sentence = extend.task_of(question).conclude_at(question, last.state, following)
    return (reached, sentence) if sentence else (events, "")


def _place(events: Sequence[Event], line: int | None, time: int | None) -> int | None:
    """Find the event of that line's `time`-th visit; the last event where no time is named."""
    if time is None:
        return len(events) - 1 if events else None
    places = [place for place, event in enumerate(events) if event.kind == "line" and event.line == line]
    return places[time - 1] if time and len(places) >= time else None
