"""Find where a wrong answer went wrong: its class, decided from the true trace of the run.

The first false claim of the chain decides; where every claim is true, or there is none, the answer itself. The first
class in this order that explains the value is taken:

    format          no answer could be read, or it is none that the question takes
    wrong branch    the other side of an `if` would have given it, or the chain names the wrong outcome of a test
    loop count      one pass more, or some fewer, would have given it, or the chain ends a loop too early or late
    stale value     an earlier value of the variable, or what an earlier value of a variable that is read would give
    type confusion  it has another type, or its parts have: '1' for 1, (1, 2) for [1, 2], True for 1
    string index    it was made by a subscript, a slice or a position method of a string
    other           none of these

An explanation is accepted only when following it gives the very value that was claimed. A small value, such as 0 or
True, can be explained in several ways: the classes tell what is frequent, not what went on in a model.
"""

import ast
import re
from collections.abc import Sequence

from codereasoner import extend, literals
from codereasoner.chains.claim_audit import History
from codereasoner.chains.events import Event, read_events
from codereasoner.chains.value_claims import Claim, calls, claims
from codereasoner.errors import DataError
from codereasoner.evaluation.error_rules import Kind, Mistake, Spot, explain, explain_by_counterfactual
from codereasoner.records import Run
from codereasoner.task import Misreading, Question


def mistake(
    question: Question, outcome: str, answer: str | None, reason: str, text: str, run: Run | None
) -> Mistake | None:
    """Return the class of one answer; None for a right one, one that was cut off, and an infrastructure error.

    Args:
        outcome, answer, reason: the answer's Grade.
        text: the completion, whose claims are checked where the run is the one it is about.
        run: the traced run the chain is about: that of the question's call, or of the call that was predicted.
    """
    if outcome == "no_answer":
        return Mistake("format", "no complete answer in the completion")
    if outcome != "wrong":
        return None
    if not reason.startswith(_ABOUT_THE_VALUE):
        return Mistake("format", reason or "not of the form that was asked for")
    events = _moments(run)
    found = None
    if run is not None and events:
        said = text if "call" in question.facts else _about(run, text)
        found = _in_chain(said, run, events)
    if found is None or found.kind == "other":
        answered = _in_answer(question, answer or "", run, events)
        found = answered if found is None or (answered is not None and answered.kind != "other") else found
    return found or Mistake("other", "no rule explains the answer")


_ABOUT_THE_VALUE = (
    *("another value", "the value is no", "the call ", "a question is wrong", "the output is wrong"),
    *("answers are missing", "a step is wrong"),
)
"""The beginnings of the reasons of answers that could be read and are wrong; all others are about the format."""


def _moments(run: Run | None) -> Sequence[Event]:
    if run is None or not run.steps:
        return []
    try:
        return read_events(run)
    except DataError:  # the trace is not whole
        return []


def _about(run: Run, text: str) -> str:
    """Return the part of a text that looks for a call from where it first names the one that was run."""
    starts = (start for start, _, call in calls(text, run.entry) if call == run.call)
    return text[next(starts, len(text)) :]


# ---- the chain


def _in_chain(text: str, run: Run, events: Sequence[Event]) -> Mistake | None:
    """Return the class of the first false claim, or of the first wrong word on a test before it."""
    history = History(run)
    last: Claim | None = None
    start = 0
    for claim in claims(text):
        verdict = history.check(claim)
        if verdict is None:
            continue
        if not verdict:
            said = _wrong_word(text[start : claim.start], events[history.now + 1 :])
            return said or explain(_spot(claim, last, history.now, events), events)
        last, start = claim, claim.end
    return _wrong_word(text[start:], events[history.now + 1 :]) if last is not None else None


def _spot(claim: Claim, last: Claim | None, now: int, events: Sequence[Event]) -> Spot:
    """Return the next event at which the run sets the variable: the chain should have said that."""
    first = now + (last is not None and last.name == claim.name)
    for index in range(first, len(events)):
        event = events[index]
        if claim.name in event.values and event.values[claim.name] != claim.value:
            true = event.values[claim.name]
            return Spot(claim.value, true, claim.name, event.node, event.before, now, index)
    state = next((each.state for each in reversed(events) if claim.name in each.state), {})
    return Spot(claim.value, state.get(claim.name, ""), claim.name, None, state, now, len(events) - 1)


_WORDS = re.compile(
    r"\b(?P<kind>if|while) (?P<truth>True|False)\b|\b(?P<end>for end)\b"
    r"|(?:: |\bis )(?P<said>true, the body runs|false, the body is skipped|false, the loop ends)"
    r"|: (?P<over>nothing is left, the loop ends)"
)


def _wrong_word(text: str, events: Sequence[Event]) -> Mistake | None:
    """Return the first outcome of a test in the narrator's words that is not the run's."""
    tests = iter([each for each in events if each.taken is not None])
    for found in _WORDS.finditer(text):
        kinds, taken = _meaning(found)
        event = next((each for each in tests if isinstance(each.node, kinds)), None)
        if event is not None and event.taken != taken:
            kind: Kind = "wrong_branch" if isinstance(event.node, ast.If) else "loop_count"
            said, did = ("true", "false") if taken else ("false", "true")
            word = "test" if kind == "wrong_branch" else "loop"
            return Mistake(kind, f"the chain has the {word} in line {event.line} {said}, it is {did}", event.line)
    return None


def _meaning(found: re.Match[str]) -> tuple[tuple[type[ast.stmt], ...], bool]:
    if found["kind"]:
        return ((ast.If,) if found["kind"] == "if" else (ast.While,)), found["truth"] == "True"
    if found["end"] or found["over"]:
        return (ast.For,), False
    if found["said"].startswith("true"):
        return (ast.If, ast.While), True
    return ((ast.While,) if "loop" in found["said"] else (ast.If,)), False


# ---- the answer


def _in_answer(question: Question, answer: str, run: Run | None, events: Sequence[Event]) -> Mistake | None:
    task, source = extend.known_task(question), str(question.facts.get("source", ""))
    wrong = task.locate_error(question, answer, run) if task is not None else None
    if wrong is None:
        return None
    if wrong.about == "executed line":
        return _missed_line(source, wrong.line)
    if wrong.about == "next line":
        return _missed_turn(source, wrong.line)
    spot = _state_spot(wrong, events) if wrong.about == "variable" else _return_spot(wrong, events)
    if spot is None:
        return None
    if run is not None and events and not spot.name:
        return explain_by_counterfactual(spot, run, events[0].state) or explain(spot, events)
    return explain(spot, events)


def _return_spot(wrong: Misreading, events: Sequence[Event]) -> Spot | None:
    claimed, true = _canonical(wrong.claimed), wrong.true
    if claimed is None:
        return None
    for index in range(len(events) - 1, -1, -1):
        event = events[index]
        if event.kind == "line" and event.frame == 0 and isinstance(event.node, ast.Return):
            return Spot(claimed, true, "", event.node, event.before, index, index)
    return Spot(claimed, true, "", None, {}, 0, max(0, len(events) - 1))


def _state_spot(wrong: Misreading, events: Sequence[Event]) -> Spot | None:
    claimed = _canonical(wrong.claimed)
    if claimed is None:
        return None
    times = [index for index, each in enumerate(events) if each.line == wrong.line and each.kind == "line"]
    if len(times) < wrong.time:
        return Spot(claimed, wrong.true, wrong.variable, None, {}, 0, max(0, len(events) - 1))
    index = times[wrong.time - 1]
    event = events[index]
    return Spot(claimed, wrong.true, wrong.variable, event.node, event.before, max(0, index - 1), index)


def _missed_line(source: str, line: int) -> Mistake:
    """Classify a wrong answer on whether a line is executed, by what is around the line."""
    block = next(iter(_around(source, line)), None)
    if isinstance(block, ast.For | ast.While):
        return Mistake("loop_count", f"line {line} is in the loop of line {block.lineno}", block.lineno)
    if isinstance(block, ast.If):
        return Mistake("wrong_branch", f"line {line} is under the test in line {block.lineno}", block.lineno)
    above = [node.lineno for node in _statements(source) if isinstance(node, ast.If) and _leaves_before(node, line)]
    if above:
        test = max(above)
        return Mistake("wrong_branch", f"the test in line {test} decides whether line {line} is reached", test)
    return Mistake("other", f"line {line} is under no test and in no loop", line)


def _leaves_before(node: ast.If, line: int) -> bool:
    """Return whether an `if` above the line has a `return` or `raise` under it."""
    above = (node.end_lineno or 0) < line
    return above and any(isinstance(each, ast.Return | ast.Raise) for each in ast.walk(node))


def _missed_turn(source: str, line: int) -> Mistake:
    """Classify a wrong answer on the next line: a test, a loop's header, or the end of a loop's body decides."""
    nodes = [node for node in _statements(source) if node.lineno == line]
    if any(isinstance(node, ast.If) for node in nodes):
        return Mistake("wrong_branch", f"the test in line {line} decides what runs next", line)
    if any(isinstance(node, ast.For | ast.While) for node in nodes):
        return Mistake("loop_count", f"the loop in line {line} decides what runs next", line)
    for node in _around(source, line):
        if isinstance(node, ast.For | ast.While):
            return Mistake("loop_count", f"line {line} is in the loop of line {node.lineno}", node.lineno)
    return Mistake("other", f"line {line} decides nothing", line)


def _around(source: str, line: int) -> list[ast.stmt]:
    """Return the ifs, loops and functions whose blocks hold the line, the innermost first."""
    kinds = (ast.If, ast.For, ast.While, ast.FunctionDef)
    held = [node for node in _statements(source) if node.lineno < line <= (node.end_lineno or 0)]
    return sorted((node for node in held if isinstance(node, kinds)), key=lambda node: -node.lineno)


def _statements(source: str) -> list[ast.stmt]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]


def _canonical(text: str) -> str | None:
    """Return the literal of an answer, also of the right side of `CALL == VALUE`."""
    try:
        node = literals.parse(text.strip().removeprefix("assert "))
        if isinstance(node, ast.Compare):
            node = node.comparators[-1]
        return literals.write(literals.value_of(node))
    except (literals.LiteralError, literals.NotWritable):
        return None
