"""raises: whether a call returns or raises an exception, and which one."""

import re
from collections.abc import Iterator, Mapping

from codereasoner.records import Run
from codereasoner.task import CallFacts, Question, Task, Wrong
from codereasoner.tasks.calls import call_facts, depends_on_chance, invocation

RETURNS = "returns"
_BY_LIMIT = ("RecursionError", "MemoryError")  # whether they are raised depends on the limits of the interpreter

MAX_NAME = 100  # characters of the name of a class

_ANSWER = re.compile(r"(?P<raises>(?i:raises?) )?(?P<word>\w+)\.?")


class Raises(Task):
    """Predict whether a call returns or raises, and the class of what it raises.

    Sets are balanced by the side of the answer, as far as there are runs that raise: see `build --faults`.
    """

    name = "raises"
    facts = CallFacts
    observes = "value"
    outcomes = ("ok", "raised")
    request = (
        "Does this call return, or does it raise an exception? Answer `returns`, or the name of the exception's class, "
        "such as `KeyError`."
    )

    def unfit(self, run: Run) -> str:
        """Take runs that returned, or raised what does not depend on a limit."""
        if run.outcome not in self.outcomes:
            return f"the call {run.outcome}"
        kind = _kind(run)
        if run.outcome == "raised" and (kind == RETURNS or not kind.isidentifier() or len(kind) > MAX_NAME):
            return "the name of the exception's class is no answer"
        return "the exception depends on a limit" if kind in _BY_LIMIT else depends_on_chance(run)

    def ask(self, run: Run) -> Iterator[Question]:
        yield self.question(run, call_facts(run), [_kind(run)], {"side": run.outcome})

    def guesses(self, question: Question) -> Mapping[str, str]:
        return {name: name for name in (RETURNS, "TypeError", "ZeroDivisionError", "IndexError", "KeyError")}

    def statement(self, question: Question) -> str:
        return f"{question.facts['source'].rstrip()}\n{invocation(question.facts)}  # returns, or raises what?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Accept the same class name, also after `raises`, or `returns` in upper or lower case.

        A class above or below it is another one.
        """
        found = _ANSWER.fullmatch(answer.strip(" \t\r\n"))
        if not found:
            raise Wrong(f"neither `{RETURNS}` nor the name of an exception's class")
        if question.gold[0] == RETURNS:
            return not found["raises"] and found["word"].lower() == RETURNS
        return found["word"] == question.gold[0]

    def conclude(self, question: Question) -> str:
        gold = question.gold[0]
        return "So the call returns." if gold == RETURNS else f"So the call raises {gold}."


def _kind(run: Run) -> str:
    return run.exception.partition(":")[0] if run.outcome == "raised" else RETURNS
