"""Helpers of the tasks about one call: its facts, the line that shows it, and the reasons to ask nothing."""

from collections.abc import Mapping, Sequence

from codereasoner import literals
from codereasoner.records import Run
from codereasoner.steps.chance import chance
from codereasoner.steps.source import has_constant_loop, statements
from codereasoner.steps.visits import visits
from codereasoner.task import Grade, Question, Wrong

MAX_ANSWER = 10_000  # characters of an answer; twice those of the right one, if that is more
STEP = "a step is wrong"  # the reason of an answer in several parts


def call_facts(run: Run) -> dict[str, object]:
    """Return the facts of a question about a call: those of CallFacts."""
    return {"source": run.source, "entry": run.entry, "call": run.call}


def invocation(facts: Mapping[str, object]) -> str:
    """Return the call as a prompt shows it; a benchmark may have it in words of its own."""
    return str(facts["invocation"]) if "invocation" in facts else f"{facts['entry']}({facts['call']})"


def unfit_value(run: Run) -> str:
    """Return the reason why the value of a run cannot be asked about, or ""."""
    if run.outcome != "ok":
        return f"the call {run.outcome}"
    return "the value has no literal" if run.value is None else depends_on_chance(run)


def unfit_trace(run: Run, outcomes: Sequence[str] = ("ok",)) -> str:
    """Return the reason why the steps of a run that ended in one of these ways cannot be asked about, or ""."""
    if run.outcome not in outcomes:
        return f"the call {run.outcome}"
    if run.cut:
        return f"the trace was cut ({run.cut})"
    return depends_on_chance(run) if run.lines else "no line is traced"


def unfit_order(run: Run, outcomes: Sequence[str] = ("ok",)) -> str:
    """Return the reason why the order of a run's lines cannot be asked about, or "".

    Lines of `try`, `with`, `while True` and of statements over several lines run in ways that their text does not say.
    """
    if reason := unfit_trace(run, outcomes):
        return reason
    plain = statements(run.source)
    if has_constant_loop(run.source) or any(visit.line not in plain for visit in visits(run)):
        return "a line runs in ways that its text does not say"
    return ""


def callers(run: Run) -> dict[int, int]:
    """Return the frame that called each frame but the entry's, also where a built-in such as `sorted` is in between."""
    found: dict[int, int] = {}
    for last, step in zip(run.steps, run.steps[1:], strict=False):
        if step.event == "call" and step.frame and step.frame not in found:
            found[step.frame] = found.get(last.frame, 0) if last.event in ("return", "yield") else last.frame
    return found


def graded(answer: str, part: str, right: Sequence[bool]) -> Grade:
    """Grade a sequence of steps, which is right if each of them is.

    Its parts are the share of right steps, and the share before the first wrong one.

    right: for each step of the answer or the truth, whichever has more, whether both have the same.
    """
    first = right.index(False) if False in right else len(right)
    parts = {part: sum(right) / len(right), f"{part} before the first wrong one": first / len(right)}
    is_right = first == len(right)
    return Grade("correct" if is_right else "wrong", answer, "" if is_right else STEP, parts)


def longest(gold: str) -> int:
    """Return how many characters an answer may have, given the right one."""
    return max(MAX_ANSWER, 2 * len(gold))


def refuse_long(question: Question, answer: str) -> None:
    """Raise Wrong for an answer that is too long to be read."""
    if len(answer) > longest(question.gold[0]):
        raise Wrong("too long an answer")


def are_equal(given: str, wanted: str) -> bool:
    """Return whether two texts are the same, or literals of equal values."""
    try:
        return given == wanted or literals.equal(literals.read(given), literals.read(wanted))
    except literals.LiteralError:
        return False


def says_nothing(question: Question) -> str:
    """Add no sentence to a narrated chain: it ends with what the answer is."""
    return ""


def depends_on_chance(run: Run) -> str:
    """Return the reason why another run could differ from this one, or ""."""
    found = chance(run.source, run.entry, run.call)
    return f"the program depends on chance, time or the machine ({found.name})" if found else ""
