"""Write the reasoning for a question from the real trace of its run, so that every claim in it is true.

`states` is terse, for a small model that is trained from scratch: one line for each executed statement, with the values
it leaves behind. `expressions` is terse and local: every operation is written out on its own, with the values it is
applied to, and each pass of a loop says what is left to go over. `local` quotes the code of a statement, or writes each
part of it under its own name: shorter, and nothing has to be looked for far away. `steps` is `states` in sentences,
with line numbers and the code, for real models.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, get_args

from codereasoner import extend, literals
from codereasoner.chains.detail_local import Local
from codereasoner.chains.detail_steps import Sentences
from codereasoner.chains.detail_terse import called, claims, outcome
from codereasoner.chains.events import Event, read_events
from codereasoner.chains.expressions import unparse
from codereasoner.chains.folding import fold
from codereasoner.chains.input_search import NOT_FOUND, Try, searches
from codereasoner.chains.operations import Operations
from codereasoner.errors import ConfigError, DataError
from codereasoner.records import Chain, Run
from codereasoner.task import Question

Detail = Literal["states", "expressions", "local", "steps"]
DETAILS: tuple[Detail, ...] = get_args(Detail)

MAX_DECIDED = 3  # tests that are said to decide on an argument


def narrate(question: Question, run: Run, detail: Detail = "states", limit: int = 0) -> Chain:
    """Return the chain that follows a run as far as the question goes, and says what that answers.

    What is longer than `limit` characters is folded: see folding.py; 0 sets no limit.

    Raises:
        ConfigError: there is no such detail. DataError: the run has no whole trace, or the question asks for a call.
    """
    _check(detail)
    if searches(question):
        raise DataError("a question that asks for a call is answered by a search: see narrate_search")
    events, verdict = _conclude(question, read_events(run))
    lines = _render(replace(run, value=None) if verdict else run, events, detail, limit)
    lines += [each for each in [verdict or extend.task_of(question).conclude(question)] if each]
    return Chain(question.id, "\n".join(lines), "narrator")


def _conclude(question: Question, events: Sequence[Event]) -> tuple[Sequence[Event], str]:
    """Return the events of a chain as far as its question looks, and the sentence that answers it.

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


def narrate_search(question: Question, tries: Sequence[Try], detail: Detail = "states", limit: int = 0) -> Chain:
    """Return the chain that leads from a wanted value to the call that returns it, over the calls that were tried.

    Raises:
        ConfigError: there is no such detail. DataError: there is no try, or one has no whole trace.
    """
    _check(detail)
    if not tries:
        raise DataError(f"{NOT_FOUND} that returns {question.facts['value']}: there is nothing to narrate")
    return Chain(
        question.id, "\n".join(_search_lines(tries, detail, limit)), "narrator", answer=tries[-1].run.expression
    )


def _check(detail: str) -> None:
    if detail not in DETAILS:
        raise ConfigError(f"detail '{detail}' is unknown; there are: {', '.join(DETAILS)}")


def _search_lines(tries: Sequence[Try], detail: Detail, limit: int) -> Iterator[str]:
    wanted = tries[-1].run.value or ""
    yield f"Wanted: {wanted}"
    for each in tries:
        call = each.run.expression
        events = read_events(each.run)
        yield from each.lines
        if each.is_dry:
            yield from _decided(events)
        yield f"Try {call}"
        yield from _render(replace(each.run, value=None), events, detail, limit // len(tries))
        if each is tries[-1]:
            yield f"{call} returns {wanted}, the value that is wanted."
        else:
            verdict = ", ".join(["not what is wanted", *_difference(each.run.value or "", wanted)])
            yield f"{call} returns {each.run.value}, {verdict}."


def _decided(events: Sequence[Event]) -> Iterator[str]:
    """Say of the tests of a run which way they had to go, as long as they went one way only.

    A test with a backtick in its code cannot be quoted.
    """
    found: dict[str, set[bool]] = {}
    for event in events:
        if isinstance(event.node, ast.If | ast.While) and event.taken is not None:
            found.setdefault(unparse(event.node.test), set()).add(event.taken)
    found = {code: ways for code, ways in found.items() if "`" not in code}
    ways = [(code, way) for code, [way, *others] in ((code, [*each]) for code, each in found.items()) if not others]
    yield from (f"`{code}` must be {str(way).lower()}." for code, way in ways[:MAX_DECIDED])


def _difference(value: str, wanted: str) -> Iterator[str]:
    """Describe how a value differs from the wanted one: `too small`, `of length 2, not 3`, of another type."""
    found, meant = literals.read(value), literals.read(wanted)
    if type(found) is not type(meant):
        yield f"a {type(found).__name__}, not a {type(meant).__name__}"
    elif isinstance(found, int | float) and not isinstance(found, bool) and found != meant:
        yield "too small" if found < meant else "too large"
    elif hasattr(found, "__len__") and len(found) != len(meant):
        yield f"of length {len(found)}, not {len(meant)}"


# ---- the details


def _render(run: Run, events: Sequence[Event], detail: Detail, limit: int) -> list[str]:
    """Return the lines of a run; the last gives the result of the call, unless a line before it does."""
    render = _renderer(detail, run)
    last = f"So {run.expression} returns {run.value}." if detail == "steps" else f"return {run.value}"
    room = max(limit - len(last) - 1, 1) if limit else 0
    lines = fold(events, [list(render(event)) for event in events], room)
    if run.value is None or detail == "local":  # there the value stands in the answer only
        return lines
    if detail == "steps":
        return [*lines, last]
    is_said = lines and lines[-1].endswith((f"= {run.value}", f"-> {run.value}", f"return {run.value}"))
    return lines if is_said else [*lines, last]


def _renderer(detail: Detail, run: Run) -> Callable[[Event], Iterable[str]]:
    """Return what gives the lines of each event of a run, in order."""
    match detail:
        case "states":
            return lambda event: filter(None, [_state(event)])
        case "expressions":
            operations = Operations(run.source)
            return lambda event: operations.before(event, _state(event))
        case "local":
            return Local(run).lines
        case "steps":
            sentences = Sentences(run)
            return lambda event: filter(None, [sentences.sentence(event)])


def _state(event: Event) -> str:
    match event.kind:
        case "call" if event.frame and isinstance(event.scope, ast.ClassDef):
            return f"class {event.function}"
        case "call" if event.frame:
            return called(event)
        case "resume":
            return f"{event.function} resumes"
        case "return" if event.frame and not isinstance(event.scope, ast.ClassDef):
            return f"return {event.value}"
        case "yield":
            return f"yield {event.value}"
        case "wait":
            return f"{event.function} waits"
        case "exception":
            return event.value
        case "return":
            return ""
    if isinstance(event.node, ast.Break | ast.Continue | ast.Pass):
        return type(event.node).__name__.lower()
    return ", ".join(part for part in (outcome(event), claims(event)) if part)
